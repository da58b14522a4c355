"""What has become of a run: read from its folder, its journal and its worker's sign of life."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from vitcore.errors import UserError
from vitcore.events import ENDINGS
from vitcore.runs import elsewhere, heartbeat, journal, locks
from vitcore.runs.fold import Fold
from vitcore.runs.folder import RunFolder

STATUSES = ("queued", "running", *ENDINGS)
RESUMABLE = ("stopped", "paused", "failed", "interrupted", "cancelled")
LOST = "Its worker died without a word; resume it to go on from the last checkpoint."


class Signs(NamedTuple):
    """What a run's folder tells without its journal; looked at before the journal is read.

    In that order a worker that ends in between is taken for running a moment longer, never for dead.
    """

    waiting: bool
    alive: bool


def signs(folder: RunFolder) -> Signs:
    """Whether the run waits in the queue, and whether its worker lives."""
    waiting = os.path.isfile(folder.queue_entry)  # what else bears that name can be claimed by nobody
    return Signs(waiting, not waiting and locks.is_locked(folder.alive))


def of(known: Signs, row: Mapping[str, Any]) -> str:
    """The status of a run by its signs of life and what its events come to (`Fold.row`)."""
    if known.waiting:
        return "queued"
    closed: str | None = row.get("ending")
    if closed is not None:
        return closed
    return "running" if known.alive or heartbeat.heard(row) else "interrupted"


def lost(folder: RunFolder) -> str:
    """What there is to say of a run whose writer died without a word."""
    return LOST if folder.elsewhere() is None else elsewhere.LOST


def ending(lines: Iterable[Mapping[str, Any]]) -> str | None:
    """How the events close: the status of the last `ended` that no later start has opened again."""
    return Fold().take_all(lines).ending


def now(folder: RunFolder) -> str:
    """The status, read afresh."""
    known = signs(folder)
    try:
        lines, _ = journal.stream(folder.events)
        row = Fold().take_all(lines).row
    except (OSError, UserError):  # nobody can tell; the run's row says why
        row = {}
    return of(known, row)
