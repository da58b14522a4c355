"""Heartbeats: how a run that an engine has on another machine shows that it lives, where no lock can tell.

The worker writes one into its journal every few seconds, counted, by the clock of the machine that the engine was asked
from. By the same look it learns whether the run was given to another worker meanwhile, and then writes no more.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vitcore import events, processes
from vitcore.runs import journal

SECONDS = 5.0  # between two of them
FRESH = 25.0  # seconds after which a run of which nothing is heard trains no more
SUPERSEDED = 75  # what a worker ends with that finds another at its run: as EX_TEMPFAIL


def heard(row: Mapping[str, Any]) -> bool:
    """Whether a run that is another machine's, by what its events come to, was heard of a moment ago."""
    at = row.get("heartbeat")
    return row.get("engine") not in (None, "local") and at is not None and abs(time.time() - at) < FRESH


def begin(lines: journal.Journal, path: Path, offset: float) -> None:
    """Heartbeats from now on, in a thread of their own, for as long as whoever started this process lives.

    Args:
        offset: seconds to add to this machine's clock for the engine's.
    """
    parent = os.getppid()
    processes.end_with(parent, SUPERSEDED)
    threading.Thread(target=_go_on, args=(lines, path, offset, parent), daemon=True).start()


def _go_on(lines: journal.Journal, path: Path, offset: float, parent: int) -> None:
    _, read = journal.stream(path)
    count = 0
    while True:
        try:
            lines.append(events.Heartbeat(count, round(time.time() + offset)), durable=False)
        except OSError:  # a full disk, or a journal that is closed: the run's end says so
            if not path.exists():
                return
        time.sleep(SECONDS)
        count += 1
        if os.getppid() != parent:
            os._exit(SUPERSEDED)
        try:
            new, read = journal.stream(path, read)
            if any(line.get("event") == events.Taken.event for line in new):
                os._exit(SUPERSEDED)  # another has the run: not a line more from here
        except (OSError, ValueError):
            continue
