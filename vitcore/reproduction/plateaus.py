"""When our runs' curves reach their plateau, seed by seed, by the rule of a claim."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from vitcore.published.claims import Claim
from vitcore.published.metrics import METRICS
from vitcore.reproduction.tables import ResultTable
from vitcore.statistics.plateau import plateau


class Reached(NamedTuple):
    """The epochs at which two rows' runs of one seed reached their plateau, NaN where none was seen, and their ends."""

    row: float
    reference: float
    row_end: float
    reference_end: float

    @property
    def earlier(self) -> bool | None:
        """Whether the row's came first; None where the curves do not tell.

        A curve that still rises at its end has its plateau no earlier than there.
        """
        if self.row == self.row:
            beyond = self.reference if self.reference == self.reference else self.reference_end
            return True if self.row < beyond else False if self.reference == self.reference else None
        return False if self.reference == self.reference and self.reference < self.row_end else None


def reached(claim: Claim, result: ResultTable, epochs: pd.DataFrame) -> list[Reached]:
    """One entry a seed and row of the claim, of seeds that the reference has too.

    Args:
        epochs: `run_id`, `epoch` and the metric's column, as store.queries.epochs gives them.
    """
    assert claim.plateau is not None, "the claim has no rule"
    source = METRICS[claim.metric].source
    curves = {id: rows.sort_values("epoch") for id, rows in epochs.dropna(subset=[source]).groupby("run_id")}
    rule = {"threshold": claim.plateau.threshold, "patience": claim.plateau.patience}
    found: list[Reached] = []
    for column in (item.key for item in result.table.columns if item.metric == claim.metric):
        other = result.at(claim.reference, column).runs
        for row in claim.rows:
            for seed, id in result.at(row, column).runs.items():
                if id not in curves or other.get(seed) not in curves:
                    continue
                both = curves[id], curves[other[seed]]
                ends = (float(item["epoch"].iloc[-1]) for item in both)
                found.append(Reached(*(plateau(item["epoch"], item[source], **rule) for item in both), *ends))
    return found
