"""Waiting for a run: its journal is read as it grows, and a bar tells how far it is."""

from __future__ import annotations

import sys
import time
import warnings

from vitcore.front.progress import bar
from vitcore.runs import dependencies, queue
from vitcore.runs import status as states
from vitcore.runs.folder import Results, RunFolder
from vitcore.store import ingest

_LOOK_SECONDS = 0.25
_WAKE_SECONDS = 2.0
_OPEN = ("queued", "running")


def until_ended(results: Results, id: str) -> None:
    """Returns once the run neither waits nor runs; warns with the reason where it has not finished.

    Raises:
        KeyboardInterrupt: somebody would not wait; the run goes on, and how to find it is said on stderr.
        Refusal: the run was deleted meanwhile, or its worker cannot be started.
    """
    folder = results.run(id)
    try:
        status, reason = _watched(results, folder)
    except KeyboardInterrupt:
        if states.now(folder) in _OPEN:
            print(f"The run goes on in the background: vitcore.run({id!r}) finds it, .stop() ends it.", file=sys.stderr)
        raise
    if status != "finished":
        warnings.warn(f"run {id} is {status}" + (f": {reason}" if reason else ""), stacklevel=4)


def _watched(results: Results, folder: RunFolder) -> tuple[str, str]:
    """The status in which the run was left, and why."""
    row: ingest.Row | None = None
    last: ingest.Row = {}
    woken = time.monotonic()
    with bar() as show:
        while True:
            results.run(folder.id)  # refused where it is gone
            reading = ingest.read(folder, ingest.look(str(folder.path)), row)
            row, last = reading.row, _last(reading, last)
            show(row["status"], _share(row, last), _words(row, last))
            if row["status"] not in _OPEN:
                return row["status"], row.get("reason") or ""
            if row["status"] == "queued" and time.monotonic() - woken > _WAKE_SECONDS:
                woken = time.monotonic()
                queue.ensure_dispatcher(results)
                if dependencies.stuck(results, folder.id):
                    return row["status"], f"it {dependencies.reason(results, folder.id)}"
            time.sleep(_LOOK_SECONDS)


def _last(reading: ingest.Reading, before: ingest.Row) -> ingest.Row:
    """The latest epoch that counts: a resumed run withdraws those beyond its start."""
    if reading.floor is not None and before.get("epoch", 0) > reading.floor:
        before = {}
    return reading.epochs[-1] if reading.epochs else before


def _share(row: ingest.Row, last: ingest.Row) -> float:
    """How much of the run is done, from 0 to 1."""
    if row["status"] == "finished":
        return 1.0
    by_epochs = last.get("epoch", 0) / max(1, row.get("epochs") or 1)
    by_steps = (row.get("step") or 0) / max(1, row.get("steps") or 1)
    return min(1.0, max(0.0, by_epochs, by_steps))


def _words(row: ingest.Row, last: ingest.Row) -> str:
    """Epoch, loss, test error and time left, as far as they are known."""
    loss, left = row.get("loss"), row.get("eta_seconds")
    facts = [f"epoch {last.get('epoch', 0)}/{row['epochs']}" if row.get("epochs") else ""]
    facts.append("" if loss is None else f"loss {loss:.4f}")
    error = last.get("error_percent")
    facts.append("" if error is None else f"test error {error:.2f} %")
    facts.append(f"{left:.0f} s left" if left is not None and row["status"] == "running" else "")
    return " · ".join(filter(None, facts))
