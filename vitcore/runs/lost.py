"""How a run ended whose worker could not say so itself: one sentence in its journal."""

from __future__ import annotations

import sys

from filelock import Timeout

from vitcore import processes
from vitcore.errors import UserError
from vitcore.events import Ended
from vitcore.runs import journal, locks, queue, status
from vitcore.runs.folder import RunFolder


def settle(folder: RunFolder, code: int, since: float) -> None:
    """Closes the journal of a worker that could not do it itself; `code` is what its process ended with."""
    close(folder, code, _cause(folder, code), since)


def close(folder: RunFolder, code: int, cause: Ended, since: float = 0.0) -> None:
    """Closes the journal where nobody has; a run that its worker had not even begun leaves the queue.

    Args:
        since: when the entry was queued that the worker was to take; one that waits since another moment was resumed.
    """
    if not folder.path.is_dir():
        return
    try:
        with locks.lock(folder.alive).acquire(timeout=1):
            claimed = code != 0 and queue.queued_at(folder) == since > 0 and queue.dequeue(folder)
            lines, _ = journal.stream(folder.events)
            journaled = [{name: line.get(name) for name in ("event", "status")} for line in lines]
            if folder.queue_entry.exists() or (status.ending(journaled) is not None and not claimed):
                return
            if code == 0 and not journaled:
                return  # it found the run taken out of the queue, by someone who is about to say so
            events = journal.Journal(folder.events)
            events.append(cause)
            events.close()
    except Timeout:
        return  # another worker has taken it up
    except (OSError, UserError) as error:  # this run's files alone: the others in the queue go on
        print(f"run {folder.id} cannot be told how it ended: {error}", file=sys.stderr, flush=True)


def _cause(folder: RunFolder, code: int) -> Ended:
    if code < 0:
        name = processes.signal_name(code)
        memory = (
            " If nobody did, the machine ran out of memory: a smaller batch size or bfloat16 needs less."
            if name == "SIGKILL"
            else ""
        )
        return Ended("interrupted", f"Its worker was killed by {name}.{memory} It can be resumed.")
    if sys.platform == "win32" and code != 0:  # a killed process has an exit code like any other there
        return Ended("interrupted", f"Its worker ended with code {code:#x}; it can be resumed.")
    return Ended("failed", f"Its worker ended with code {code}; {folder.log.name} in its folder says why.")
