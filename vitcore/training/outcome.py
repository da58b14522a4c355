"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["finished", "stopped", "paused", "diverged"]


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and what it came to.

    Attributes:
        reason: one sentence.
        error_percent: test error of the last weights; None where they were not tested.
        val_error: validation error of the last epoch that was validated, in percent; None without validation.
        best_epoch: the epoch of least validation error, the earliest of equal ones; its weights are kept as the best.
        val_error_best: its validation error.
        test_error_best: test error of its weights, measured once at the end; None where it was not.
    """

    status: Status
    reason: str
    error_percent: float | None
    epochs: int
    training_seconds: float
    images_per_second: float
    val_error: float | None = None
    best_epoch: int | None = None
    val_error_best: float | None = None
    test_error_best: float | None = None


class RankLost(RuntimeError):
    """Another of the processes that train a run together ended without a word; its text is one sentence."""
