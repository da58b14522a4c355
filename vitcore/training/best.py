"""The best epoch's weights beside the last ones, in best.safetensors; which metric chose them stands in its metadata.

The validation error chooses where there is one. Without, the test error does, and what such weights score flatters: no
page shows it, and nothing reads them but at a person's wish.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from vitcore.data.storage.regular import open_regular, own_place
from vitcore.training import finite
from vitcore.training.checkpoint import LARGEST_BYTES, WEIGHT_FILES, save_weights

FILE = WEIGHT_FILES["best"]
NEXT = "best.next.safetensors"  # better ones, until the resume file says so too
MARKER = "chosen_by"


@dataclass(frozen=True)
class Metric:
    """What chooses: a score's name, the rows that it is of, and which way is better."""

    name: str
    of: Literal["test", "validation"]
    direction: Literal["least", "most"]

    def better(self, value: float, than: float | None) -> bool:
        """Whether `value` is better; the earlier epoch stands where both are equal."""
        if not math.isfinite(value) or than is None:
            return math.isfinite(value)
        return value < than if self.direction == "least" else value > than


VAL_ERROR = Metric("val_error", "validation", "least")
TEST_ERROR = Metric("error_percent", "test", "least")


class Best:
    """The best epoch so far: its score, and its weights until they are on the disk.

    They are copied when they are the best and written with the next checkpoint, so that short epochs need not wait
    for the disk, and under a name of their own until the resume file is written, so that both tell of one epoch
    whenever the run is killed.
    """

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.value: float | None = None
        self.epoch: int | None = None
        self._weights: dict[str, Tensor] | None = None

    def consider(self, value: float, epoch: int, model: nn.Module) -> None:
        """Remember the weights of `epoch` if they are finite and better than any before."""
        state = model.state_dict()
        if self.metric.better(value, self.value) and finite.all_finite(state):
            self.value, self.epoch = value, epoch
            self._weights = {name: item.detach().to("cpu", copy=True) for name, item in state.items()}

    def write(self, folder: Path, about: Mapping[str, str]) -> None:
        """Lay better weights ready beside those that stand; `about` is the metadata of any weights of this run."""
        if self._weights is not None:
            marker = json.dumps({**vars(self.metric), "value": self.value, "epoch": self.epoch})
            save_weights(folder / NEXT, self._weights, {**about, "epoch": str(self.epoch), MARKER: marker})

    def settle(self, folder: Path) -> None:
        """The resume file tells of them: they take the place of those before."""
        if self._weights is not None:
            (folder / NEXT).replace(folder / FILE)
            self._weights = None

    def weights(self, folder: Path | None) -> dict[str, Tensor] | None:
        """The best epoch's weights by their names (…), wherever they are by now; None: there are none."""
        if self._weights is not None:
            return self._weights
        return load_file(folder / FILE) if folder is not None and self.epoch is not None else None

    def state(self) -> dict[str, Any]:
        """What a resume file says of it: the metric, its best value and epoch."""
        return {"metric": vars(self.metric), "value": self.value, "epoch": self.epoch}

    def restore(self, folder: Path, state: Mapping[str, Any] | None) -> None:
        """Go on from what a resume file says (None: it says nothing, or the run begins); what is of another attempt,
        or was chosen by another metric, is withdrawn.
        """
        epoch_saved = (state or {}).get("epoch")
        if epoch_saved is not None and (state or {}).get("metric") == vars(self.metric):
            if _epoch(folder / NEXT) == epoch_saved:
                (folder / NEXT).replace(folder / FILE)
            if _epoch(folder / FILE) == epoch_saved:
                self.value, self.epoch = float((state or {})["value"]), int(epoch_saved)
        (folder / NEXT).unlink(missing_ok=True)
        if self.epoch is None:
            (folder / FILE).unlink(missing_ok=True)


def _epoch(path: Path) -> int | None:
    """The epoch that a file of best weights says it is of; None where there is none, or it is damaged."""
    try:
        open_regular(own_place(path), LARGEST_BYTES).close()
        with safe_open(path, framework="pt") as file:
            return int((file.metadata() or {})["epoch"])
    except (OSError, SafetensorError, KeyError, ValueError):  # a UserError is a ValueError
        return None
