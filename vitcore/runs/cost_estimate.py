"""What a run was expected to cost when it was launched, in <run>/expected.json: to be laid beside what it did cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vitcore.runs.folder import FORMAT, RunFolder, read_json


@dataclass(frozen=True)
class Expected:
    """Seconds of training, evaluation excluded.

    Attributes:
        guessed: by the network's size alone, or by another machine's runs; else by this machine's, or measured.
    """

    training_seconds: float
    guessed: bool = False

    def written(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {"v": FORMAT, "training_seconds": round(self.training_seconds, 2), "guessed": self.guessed}


def read(folder: RunFolder) -> Expected | None:
    """What was expected; None where nothing was, or the file is broken."""
    found = read_json(folder.expected) or {}
    seconds = found.get("training_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds) or seconds < 0:
        return None
    return Expected(float(seconds), found.get("guessed") is True)
