"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["finished", "stopped", "paused", "diverged"]


@dataclass(frozen=True)
class Outcome:
    """`reason` is one sentence; `error_percent` is the last evaluation's, None where there was none."""

    status: Status
    reason: str
    error_percent: float | None
    epochs: int
    training_seconds: float
    images_per_second: float
