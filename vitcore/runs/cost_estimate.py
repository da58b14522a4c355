"""What a run was expected to cost when it was launched, in <run>/expected.json: to be laid beside what it did cost."""

from __future__ import annotations

import math
from typing import Any

from vitcore import untrusted
from vitcore.cost.estimate import CostEstimate
from vitcore.runs.folder import FORMAT, RunFolder, read_json


def read(folder: RunFolder) -> CostEstimate | None:
    """What was expected; None where nothing was, or the file is broken."""
    found = read_json(folder.expected) or {}
    seconds = found.get("training_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds) or seconds < 0:
        return None
    memory = untrusted.number(found.get("memory_mb"))
    known = memory is not None and math.isfinite(memory) and 0 < memory < 1e9
    return CostEstimate(float(seconds), found.get("guessed") is True, memory if known else None)


def written(estimate: CostEstimate) -> dict[str, Any]:
    """The estimate as it stands in the file."""
    memory = {} if estimate.memory_mb is None else {"memory_mb": round(estimate.memory_mb, 1)}
    return {"v": FORMAT, "training_seconds": round(estimate.training_seconds, 2), "guessed": estimate.guessed, **memory}
