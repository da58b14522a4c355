"""What the reports' tables measure: where our own value of each comes from, and how the two are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vitcore.statistics.scales import PERCENT, POSITIVE, REAL, SHARE, Scale


@dataclass(frozen=True)
class Metric:
    """Where a column's own value comes from, and how it is compared.

    `source` is a column of store.queries.runs (of queries.epochs where a row names an epoch); a stored value times
    `factor` is in the published unit. `kind`: "result" of a run, "time" (compared within one machine only) or "count"
    (exact, from the network alone). `scale`: on which its spread over seeds is alike.
    """

    source: str
    kind: Literal["result", "time", "count"]
    better: Literal["lower", "higher", ""]
    factor: float = 1.0
    digits: int = 2
    scale: Scale = REAL

    @property
    def counts_images(self) -> bool:
        """Whether a value is a share of the test images, so that it has their binomial error."""
        return self.source in ("error_percent", "accuracy")


METRICS: dict[str, Metric] = {
    "error_percent": Metric("error_percent", "result", "lower", scale=PERCENT),
    "accuracy_percent": Metric("accuracy", "result", "higher", factor=100, scale=PERCENT),
    "accuracy": Metric("accuracy", "result", "higher", digits=4, scale=SHARE),
    "f1": Metric("f1", "result", "higher", digits=4, scale=SHARE),
    "train_loss": Metric("train_loss", "result", "lower", digits=4, scale=POSITIVE),
    "training_seconds": Metric("training_seconds", "time", "lower", scale=POSITIVE),
    "parameters": Metric("parameters", "count", "", factor=1e-6, digits=3),
    "macs": Metric("macs", "count", "", factor=1e-9, digits=3),
}
