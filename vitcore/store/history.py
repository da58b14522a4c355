"""When a run was right: the test pictures behind a cell of its confusion matrix, each with its story over epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vitcore.errors import Refusal
from vitcore.runs import predictions
from vitcore.runs.folder import RunFolder


@dataclass(frozen=True)
class Told:
    """One test picture: its row in the test split, and the epochs at which the run was right about it."""

    row: int
    first: int | None  # the first epoch at which it was right; None: never
    last: int | None
    times: int  # at how many epochs it was right
    evaluated: int  # at how many of the epochs from the first to the last there was an evaluation

    @property
    def words(self) -> str:
        """'right at epochs 3 to 7', 'right at epoch 4 alone', 'never right'; gaps are told."""
        if self.first is None:
            return "never right"
        if self.first == self.last:
            return f"right at epoch {self.first} alone"
        if self.times == self.evaluated:
            return f"right at epochs {self.first} to {self.last}"
        return f"right at {self.times} epochs, {self.first} to {self.last}"


def history(
    run: RunFolder, true: int, predicted: int, epoch: int, split: Literal["test", "validation"] = "test"
) -> list[Told]:
    """The images of class `true` that were answered `predicted` after `epoch`, in the order of their split.

    Raises:
        Refusal: no predictions of that epoch are kept.
    """
    kept = predictions.read(run, split)
    if epoch not in kept.epochs:
        raise Refusal(f"run {run.id} has kept no predictions of epoch {epoch}; it has those of {_span(kept.epochs)}")
    rows = np.flatnonzero((kept.truth == true) & (kept.of(epoch) == predicted))
    epochs = kept.epochs
    right = np.stack([kept.of(one)[rows] == true for one in epochs])  # (epochs, pictures)
    return [_told(int(row), right[:, place], epochs) for place, row in enumerate(rows)]


def _told(row: int, right: np.ndarray, epochs: list[int]) -> Told:
    hits = np.flatnonzero(right)
    if not len(hits):
        return Told(row, None, None, 0, 0)
    first, last = int(hits[0]), int(hits[-1])
    return Told(row, epochs[first], epochs[last], len(hits), last - first + 1)


def _span(epochs: list[int]) -> str:
    return f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
