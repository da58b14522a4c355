"""Whether somebody has asked the run to end, and how it ends then."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Literal

Control = Callable[[], str | None]
ASK_SECONDS = 0.1  # between two looks at whether to stop


class StopRequested(Exception):
    """Somebody asked for a stop or a pause before there was anything to keep."""


class StopSignal:
    """Whether to stop, asked no more often than it matters; the first answer stands."""

    def __init__(self, control: Control) -> None:
        self._control, self._last = control, -math.inf
        self.answer: str | None = None

    def __call__(self) -> bool:
        now = time.monotonic()
        if self.answer is None and now - self._last >= ASK_SECONDS:
            self._last, self.answer = now, self._control()
        return self.answer is not None

    @property
    def status(self) -> Literal["stopped", "paused"]:
        """How a run is called that ends because of the answer."""
        return "paused" if self.answer == "pause" else "stopped"
