"""When a run was right: the test images behind a cell of its confusion matrix, each with its story over epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vitcore.errors import UserError
from vitcore.runs import predictions
from vitcore.runs.folder import RunFolder


@dataclass(frozen=True)
class ImageHistory:
    """One test image: its row in the test split, and the epochs at which the run was right about it."""

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
) -> list[ImageHistory]:
    """The images of class `true` that were answered `predicted` after `epoch`, in the order of their split.

    Raises:
        UserError: no predictions of that epoch are kept.
    """
    stored = predictions.read(run, split)
    if epoch not in stored.epochs:
        raise UserError(
            f"run {run.id} has kept no predictions of epoch {epoch}; it has those of {_span(stored.epochs)}"
        )
    rows = np.flatnonzero((stored.truth == true) & (stored.of(epoch) == predicted))
    epochs = stored.epochs
    right = np.stack([stored.of(item)[rows] == true for item in epochs])  # (epochs, images)
    return [_history(int(row), right[:, place], epochs) for place, row in enumerate(rows)]


def _history(row: int, right: np.ndarray, epochs: list[int]) -> ImageHistory:
    hits = np.flatnonzero(right)
    if not len(hits):
        return ImageHistory(row, None, None, 0, 0)
    first, last = int(hits[0]), int(hits[-1])
    return ImageHistory(row, epochs[first], epochs[last], len(hits), last - first + 1)


def _span(epochs: list[int]) -> str:
    return f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
