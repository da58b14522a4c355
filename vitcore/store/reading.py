"""Many runs read at once, by processes beside this one: a rebuild from the journals is bound by the processor.

    python -m vitcore.store.reading RESULTS

reads the runs whose ids come in, a line each, and writes what the index's tables have of them: Arrow streams, each
behind its length.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import pyarrow as arrow

from vitcore import processes
from vitcore.runs.folder import Results, RunFolder
from vitcore.store import ingest, tables

MANY = 2_000
"""Runs from which processes pay: two take some two seconds to start."""

MOST = 4  # processes; what they find comes in through one
_AT_ONCE = 500  # runs handed on together
_TABLES = ("runs", "epochs", "notes")
_LENGTH = 8  # bytes


class Batch(NamedTuple):
    """Some runs as the index's tables have them, none of which it knew."""

    runs: arrow.Table
    epochs: arrow.Table
    notes: arrow.Table

    def cursors(self) -> dict[str, ingest.Cursor]:
        """How far each of the runs was read; a row that changes every second is looked up."""
        names = ("id", "status", "events_size", "events_changed", "folder_changed")
        columns = [self.runs.column(name).to_pylist() for name in names]
        return {id: ingest.Cursor(*rest) for id, *rest in zip(*columns, strict=True)}

    def trained(self) -> set[str]:
        """Those of the runs that have epochs."""
        return set(self.epochs.column("run_id").unique().to_pylist())


def table(name: str, rows: Sequence[dict[str, Any]]) -> arrow.Table:
    """Rows of one of the index's tables, with its columns' types."""
    columns = tables.columns(name)
    return arrow.table([arrow.array([row.get(each.name) for row in rows], type=each.type) for each in columns], columns)


def batches(results: Results, ids: Sequence[str]) -> Iterator[Batch]:
    """What several processes read of these runs, in the order in which it comes in.

    A run that is gone is in none, and what a process that dies has not told of is in none: whoever needs it reads it.
    """
    count = min(MOST, os.cpu_count() or 1)
    found: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
    readers: list[_Reader] = []
    try:
        with suppress(OSError):  # no room for another process
            readers.extend(_Reader(results, ids[start::count], found) for start in range(count))
        left = len(readers)
        while left:
            batch = found.get()
            if batch is None:
                left -= 1
            else:
                yield batch
    finally:
        for reader in readers:
            reader.stop()


class _Reader(threading.Thread):
    """Follows one process: puts what it finds, and None at its end."""

    def __init__(self, results: Results, ids: Sequence[str], found: queue.SimpleQueue[Batch | None]) -> None:
        super().__init__(name="reading", daemon=True)
        self._ids, self._found = ids, found
        self._process = processes.piped(__name__, [str(results.root)])
        self.start()

    def run(self) -> None:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        try:
            with suppress(OSError, ValueError, arrow.ArrowException), self._process:  # it died, or was stopped
                with asked:
                    asked.write("".join(f"{id}\n" for id in self._ids).encode())
                while (batch := _received(answers)) is not None:
                    self._found.put(batch)
        finally:
            self._found.put(None)

    def stop(self) -> None:
        with suppress(OSError):
            self._process.kill()


def _received(answers: Any) -> Batch | None:
    """The next batch; None at the end, be it in the middle of one."""
    parts = []
    for _ in _TABLES:
        length = int.from_bytes(answers.read(_LENGTH), "little")
        data = answers.read(length)
        if not length or len(data) < length:
            return None
        parts.append(arrow.ipc.open_stream(data).read_all())
    return Batch(*parts)


def _sent(answers: BinaryIO, batch: Batch) -> None:
    for part in batch:
        sink = arrow.BufferOutputStream()
        with arrow.ipc.new_stream(sink, part.schema) as stream:
            stream.write_table(part)
        data = sink.getvalue()
        answers.write(len(data).to_bytes(_LENGTH, "little"))
        answers.write(data)
    answers.flush()


def _updates(results: Results, ids: Iterable[str]) -> Iterator[ingest.RunUpdate]:
    for id in ids:
        with suppress(FileNotFoundError):  # deleted since it was listed
            yield ingest.read(RunFolder(results.runs / id), ingest.stat(f"{results.runs}{os.sep}{id}"), None)


def main() -> None:
    """Reads the runs that are named on the standard input."""
    results, ids = Results(sys.argv[1]), sys.stdin.read().splitlines()
    updates = _updates(results, ids)
    while chunk := list(islice(updates, _AT_ONCE)):
        rows = [update.row for update in chunk]
        epochs = [epoch for update in chunk for epoch in update.epochs]
        notes = [note for update in chunk for note in update.notes]
        found = [table(name, each) for name, each in zip(_TABLES, (rows, epochs, notes), strict=True)]
        _sent(sys.stdout.buffer, Batch(*found))


if __name__ == "__main__":
    with suppress(BrokenPipeError, subprocess.SubprocessError):
        main()
