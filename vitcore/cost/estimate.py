"""What a run is expected to cost before it is launched."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CostEstimate:
    """Seconds of training, evaluation excluded.

    Attributes:
        guessed: by the network's size alone, or by another machine's runs; else by this machine's, or measured.
        memory_mb: megabytes that it will hold, where runs of this network and batch size tell.
    """

    training_seconds: float
    guessed: bool = False
    memory_mb: float | None = field(default=None, compare=False)
