"""What has become of a run: read from its folder, its journal and its worker's sign of life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from vitcore.runs import journal, locks
from vitcore.runs.folder import RunFolder

Status = Literal["queued", "running", "finished", "stopped", "paused", "diverged", "failed", "interrupted", "cancelled"]
ENDINGS: tuple[Status, ...] = ("finished", "stopped", "paused", "diverged", "failed", "interrupted", "cancelled")
RESUMABLE: tuple[Status, ...] = ("stopped", "paused", "failed", "interrupted", "cancelled")
LOST = "Its worker died without a word; resume it to go on from the last checkpoint."


def of(folder: RunFolder, ending: str | None) -> Status:
    """The status of a run whose journal closes with `ending` (None: it is open, or there is none yet)."""
    if folder.waiting.exists():
        return "queued"
    if ending is not None:
        return ending  # type: ignore[return-value]
    return "running" if locks.held(folder.alive) else "interrupted"


def ending(lines: Iterable[Mapping[str, Any]]) -> str | None:
    """How the events close: the status of the last `ended` that no later start has opened again."""
    found = None
    for line in lines:
        if line.get("event") in ("taken", "started"):
            found = None
        elif line.get("event") == "ended" and line.get("status") in ENDINGS:
            found = line["status"]
    return found


def now(folder: RunFolder) -> Status:
    """The status, read afresh."""
    return of(folder, ending(journal.read(folder.events)[0]))
