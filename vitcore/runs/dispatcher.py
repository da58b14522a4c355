"""The dispatcher of one device: runs the queue one run at a time, each in a process of its own, and then goes.

Started by whoever queues a run, `python -m vitcore.runs.dispatcher --device cpu`; it needs no server, and no torch.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from typing import BinaryIO

from filelock import Timeout

from vitcore import processes
from vitcore.errors import UserError
from vitcore.events import Ended
from vitcore.runs import dependencies, journal, locks, queue, status
from vitcore.runs.files import write_own
from vitcore.runs.folder import Results, RunFolder

_WAIT_SECONDS = 0.2


def main() -> None:
    """Holds the lane's dispatcher lock while anything is queued; a second dispatcher leaves at once."""
    parser = argparse.ArgumentParser(description="Run the queue of one device.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--results")
    arguments = parser.parse_args()
    results, device_queue = Results(arguments.results), arguments.device
    place = locks.lock(results.locks / f"dispatcher-{device_queue}.lock")
    tried: set[tuple[str, float]] = set()
    # Whoever queues a run looks at the lock only after the run lies there, and we look at the queue again after
    # letting go of the lock: so a run queued while we leave is seen by one of the two.
    while _open(results, device_queue, tried):
        try:
            with place.acquire(timeout=1):
                _serve(results, device_queue, tried)
        except Timeout:
            return


def _serve(results: Results, device_queue: str, tried: set[tuple[str, float]]) -> None:
    """Runs what is queued, one by one, until nothing is left that has not been tried."""
    device = locks.lock(results.locks / f"run-{device_queue}.lock")
    while _open(results, device_queue, tried):
        try:  # a killed dispatcher's worker may still be at it
            with device.acquire(timeout=_WAIT_SECONDS):
                pass
        except Timeout:
            time.sleep(_WAIT_SECONDS)
            continue
        waiting = _open(results, device_queue, tried)
        if waiting:
            tried.add(waiting[0])
            try:
                _run(results, device_queue, results.run(waiting[0][0]))
                queue.ensure_dispatcher(results)  # what waited for it may wait for another device
            except (UserError, OSError) as error:  # deleted or made read-only meanwhile: those behind it go on
                print(f"{waiting[0][0]} was passed over: {error}", file=sys.stderr, flush=True)


def _open(results: Results, device_queue: str, tried: set[tuple[str, float]]) -> list[tuple[str, float]]:
    """The waiting runs that can be taken up, with the time of their ticket; one that could not even be claimed is not
    tried twice, and one that waits for another run not before that one has finished."""
    waiting = [(id, queue.since(results, id)) for id in queue.own(results, device_queue)]
    left = [entry for entry in waiting if entry not in tried]
    return [entry for entry in left if not dependencies.awaited(results, RunFolder(results.runs / entry[0]))]


def _run(results: Results, device_queue: str, folder: RunFolder) -> None:
    """One worker's life."""
    with _log(folder) as log:
        arguments = [folder.id, "--device", device_queue, "--results", str(results.root)]
        worker = processes.start("vitcore.runs.worker", arguments, log, detached=True)
    settle(folder, worker.wait())


def _log(folder: RunFolder) -> BinaryIO:
    """The run's log; where there can be none, as of one that is a folder, it trains without, and its row says so."""
    try:
        return os.fdopen(write_own(folder.log, os.O_WRONLY | os.O_APPEND), "ab")
    except OSError:
        return open(os.devnull, "ab")


def settle(folder: RunFolder, code: int) -> None:
    """Closes the journal of a worker that could not do it itself; `code` is what its process ended with."""
    if not folder.path.is_dir():
        return
    try:
        with locks.lock(folder.alive).acquire(timeout=1):
            claimed = code != 0 and folder.queue_entry.exists() and queue.dequeue(folder)
            lines, _ = journal.stream(folder.events)
            journaled = [{name: line.get(name) for name in ("event", "status")} for line in lines]
            if folder.queue_entry.exists() or (status.ending(journaled) is not None and not claimed):
                return
            if code == 0 and not journaled:
                return  # it found the run taken out of the queue, by someone who is about to say so
            events = journal.Journal(folder.events)
            events.append(_cause(folder, code))
            events.close()
    except Timeout:
        return  # another worker has taken it up
    except (OSError, UserError) as error:  # this run's files alone: the others in the queue go on
        print(f"run {folder.id} cannot be told how it ended: {error}", file=sys.stderr, flush=True)


def _cause(folder: RunFolder, code: int) -> Ended:
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        memory = (
            " If nobody did, the machine ran out of memory: a smaller batch size or bfloat16 needs less."
            if -code == getattr(signal, "SIGKILL", None)
            else ""
        )
        return Ended("interrupted", f"Its worker was killed by {name}.{memory} It can be resumed.")
    if sys.platform == "win32" and code != 0:  # a killed process has an exit code like any other there
        return Ended("interrupted", f"Its worker ended with code {code:#x}; it can be resumed.")
    return Ended("failed", f"Its worker ended with code {code}; {folder.log.name} in its folder says why.")


if __name__ == "__main__":
    try:
        main()
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"The dispatcher cannot go on: {error}")
