"""The index: a DuckDB in this process's memory that follows the journals; nothing that is only here can be lost."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as arrow

from vitcore.runs import locks
from vitcore.runs.fold import Row
from vitcore.runs.folder import Results, RunFolder
from vitcore.store import ingest, reading, snapshot, tables
from vitcore.store.listing import Listing

_CHUNK = 500  # runs handed to DuckDB at a time
_PUBLISH_SECONDS = 20.0


class Index:
    """All runs of a results folder, as tables.

    `poll` brings it up to date; any thread may do so at any time. Queries read through `cursor()`, one each thread.

    Attributes:
        results: the results folder.
        notice: one sentence for the person where the published snapshot could not be used or replaced, else None.
        changes: how many changes to runs it has taken in; the same number means the same answers.
    """

    def __init__(self, results: Results, *, hydrate: bool = True) -> None:
        self.results = results
        self._con = duckdb.connect()
        self._con.execute(tables.schema())
        found = snapshot.hydrate(self._con, results) if hydrate else snapshot.Found()
        self.notice, self._writable = found.notice, not found.newer
        self._lock = threading.Lock()
        self._publishing = threading.Lock()
        self._published = time.monotonic()
        self._unpublished = self.changes = 0
        self._cursors = self._read_cursors()
        self._listing = Listing(results)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own to the tables; one a thread."""
        return self._con.cursor()

    def poll(self) -> bool:
        """Takes in what the journals have gained; whether anything changed.

        Where nothing did, it costs two looks at each run's folder, and mostly no listing of them all. All that is
        new comes in by one transaction.

        Raises:
            UserError: the results folder cannot be read.
        """
        with self._lock:
            found = self._stats()
            gone = self._cursors.keys() - found.keys()
            changed = {id: stat for id, stat in found.items() if self._differs(id, stat)}
            if not gone and not changed:
                return False
            cursor = self.cursor()
            cursor.execute("BEGIN")
            try:
                cursors, taken_in = self._take_in(cursor, gone, changed)
                cursor.execute("COMMIT")
            except BaseException:  # a page that is being rerun stops its thread anywhere
                cursor.execute("ROLLBACK")
                raise
            for id in gone:
                del self._cursors[id]
            self._cursors.update(cursors)
            taken_in += len(gone)
            self.changes += taken_in  # only now: whoever sees the number finds what it counts
            self._unpublished += taken_in
            return taken_in > 0

    def publish(self) -> str | None:
        """Replaces results/runs.duckdb by what is known now; None, or one sentence saying why that was not done."""
        if not self._writable:
            return self.notice
        with self._publishing:
            self._unpublished, self._published = 0, time.monotonic()
            refused = snapshot.publish(self.cursor(), self.results)
            if refused != snapshot.BUSY:
                self.notice = refused  # what was wrong with the one before has gone with it
            return refused

    def publish_when_due(self) -> None:
        """Publishes in the background where something changed and the last time is some while ago."""
        if self._unpublished and time.monotonic() - self._published >= _PUBLISH_SECONDS and self._writable:
            self._published = time.monotonic()
            threading.Thread(target=self.publish, name="publish", daemon=True).start()

    @property
    def waiting(self) -> bool:
        """Whether, as of the last poll, some run is queued."""
        return any(cursor.status == "queued" for cursor in list(self._cursors.values()))

    @property
    def training(self) -> bool:
        """Whether, as of the last poll, some run trains."""
        return any(cursor.status == "running" for cursor in list(self._cursors.values()))

    @property
    def unpublished(self) -> int:
        """How many runs have changed since the snapshot was read or written."""
        return self._unpublished

    def close(self) -> None:
        """Let the database go, once nobody writes the snapshot."""
        with self._lock, self._publishing:
            self._con.close()

    def _stats(self) -> dict[str, tuple[int, int, int]]:
        """How every run's files are now."""
        found, runs = {}, str(self.results.runs)
        for id in self._listing.ids():
            try:
                found[id] = ingest.stat(f"{runs}{os.sep}{id}")
            except FileNotFoundError:
                continue  # deleted since it was listed
        return found

    def _differs(self, id: str, stat: tuple[int, int, int]) -> bool:
        """Whether a run must be read again."""
        cursor = self._cursors.get(id)
        if cursor is None or stat[2] < 0 or stat != (cursor.events_size, cursor.events_changed, cursor.folder_changed):
            return True
        # A worker that was killed leaves no other sign than its lock.
        return cursor.status == "running" and not locks.is_locked(self.results.runs / id / "alive.lock")

    def _take_in(
        self, cursor: duckdb.DuckDBPyConnection, gone: Iterable[str], changed: Mapping[str, tuple[int, int, int]]
    ) -> tuple[dict[str, ingest.Cursor], int]:
        """Reads the changed runs into the tables, a chunk at a time; their new marks, and how many did differ."""
        _delete(cursor, gone)
        new = [id for id in changed if id not in self._cursors]
        cursors, moved = self._take_in_together(cursor, new) if len(new) >= reading.MANY else ({}, set())
        differing, ids = len(cursors), [id for id in changed if id not in cursors]
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            before = {id: self._cursors[id].row for id in chunk if id in self._cursors}
            known = {id: row for id, row in before.items() if row is not None}
            known |= _rows(cursor, [id for id in before if id not in known])
            updates = [ingest.read(RunFolder(self.results.runs / id), changed[id], known.get(id)) for id in chunk]
            stored = [update for update in updates if update.differs(known.get(update.row["id"]))]
            _store(cursor, stored, known)
            differing += len(stored)
            moved |= {update.row["id"] for update in stored if update.floor is not None}
            cursors.update({update.row["id"]: update.cursor() for update in updates})
        _stand(cursor, list(moved))
        return cursors, differing

    def _take_in_together(
        self, cursor: duckdb.DuckDBPyConnection, new: list[str]
    ) -> tuple[dict[str, ingest.Cursor], set[str]]:
        """What several processes read of many runs, into the tables; their new marks, and those that have epochs."""
        cursors: dict[str, ingest.Cursor] = {}
        trained: set[str] = set()
        for batch in reading.batches(self.results, new):
            for name, rows in batch._asdict().items():
                _append(cursor, name, rows)
            cursors |= batch.cursors()
            trained |= batch.trained()
        return cursors, trained

    def _read_cursors(self) -> dict[str, ingest.Cursor]:
        rows = self._con.execute("SELECT id, status, events_size, events_changed, folder_changed FROM runs").fetchall()
        return {id: ingest.Cursor(*rest) for id, *rest in rows}


def _rows(cursor: duckdb.DuckDBPyConnection, ids: list[str]) -> dict[str, Row]:
    """What is known of these runs."""
    if not ids:
        return {}
    cursor.execute("FROM runs WHERE id IN (SELECT unnest(?))", [ids])
    names = [column[0] for column in cursor.description or ()]
    rows = (dict(zip(names, values, strict=True)) for values in cursor.fetchall())
    return {row["id"]: row for row in rows}


def _store(cursor: duckdb.DuckDBPyConnection, updates: list[ingest.RunUpdate], known: Mapping[str, Row]) -> None:
    """Puts what was read in the place of what it replaces."""
    anew = [update.row for update in updates if update.anew]
    _delete(cursor, [row["id"] for row in anew])
    _insert(cursor, "runs", anew)
    for update in updates:
        if not update.anew:
            _amend(cursor, update.row, known[update.row["id"]])
    _withdraw(cursor, {update.row["id"]: update.floor for update in updates if update.floor is not None})
    _insert(cursor, "epochs", [epoch for update in updates for epoch in update.epochs])
    _insert(cursor, "notes", [note for update in updates for note in update.notes])


def _amend(cursor: duckdb.DuckDBPyConnection, row: Row, known: Row) -> None:
    """Writes what is new in a run's row: mostly five values of a hundred, and the whole row takes ten times as long."""
    new = {name: row.get(name) for name in tables.columns("runs").names if row.get(name) != known.get(name)}
    if new:
        places = ", ".join(f'"{name}" = ?' for name in new)
        cursor.execute(f"UPDATE runs SET {places} WHERE id = ?", [*new.values(), row["id"]])


def _stand(cursor: duckdb.DuckDBPyConnection, ids: list[str]) -> None:
    """Notes where these runs stand by their epochs."""
    if ids:
        cursor.execute("DELETE FROM last WHERE run_id IN (SELECT unnest(?))", [ids])
        cursor.execute("INSERT INTO last FROM latest(?)", [ids])


def _delete(cursor: duckdb.DuckDBPyConnection, ids: Iterable[str]) -> None:
    ids = list(ids)
    if ids:
        for table, key in (("runs", "id"), ("epochs", "run_id"), ("notes", "run_id"), ("last", "run_id")):
            cursor.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT unnest(?))", [ids])


def _withdraw(cursor: duckdb.DuckDBPyConnection, floors: Mapping[str, int]) -> None:
    """Takes the epochs above these out: they have been told anew, or their attempt was given up."""
    if floors:
        cursor.execute(
            "DELETE FROM epochs USING (SELECT unnest(?) AS id, unnest(?) AS above) AS floors"
            " WHERE epochs.run_id = floors.id AND epochs.epoch > floors.above",
            [list(floors), list(floors.values())],
        )


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """Hands rows over column by column, with their types."""
    if rows:
        _append(cursor, table, reading.table(table, rows))


def _append(cursor: duckdb.DuckDBPyConnection, table: str, rows: arrow.Table) -> None:
    cursor.register("incoming", rows)
    try:
        cursor.execute(f"INSERT INTO {table} FROM incoming")
    finally:
        cursor.unregister("incoming")
