"""results/runs.duckdb: the index as a file for the next start, for notebooks and other tools; only ever replaced whole.

No process writes it in place, and it can be deleted at any time: the journals hold everything that is in it.
"""

from __future__ import annotations

import functools
import os
import secrets
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as arrow
from filelock import Timeout

from vitcore.errors import UserError
from vitcore.runs import locks
from vitcore.runs.folder import Results
from vitcore.store import opened, tables

BUSY = "another process is publishing the snapshot"
_STALE_SECONDS = 3600
_ABOUT = "CREATE TABLE draft.about AS SELECT ?::BIGINT AS format, ?::VARCHAR AS schema, ?::BIGINT AS runs"
_MOST_ROWS, _MOST_LETTERS, _ROWS_AT_ONCE = 50_000_000, 1 << 30, 100_000


@dataclass(frozen=True)
class Found:
    """What became of reading the snapshot.

    Attributes:
        notice: one sentence where it could not be used; None where it was, or there is none.
        newer: a later vitcore wrote it, so it is not ours to replace.
    """

    notice: str | None = None
    newer: bool = False


def publish(con: duckdb.DuckDBPyConnection, results: Results) -> str | None:
    """Writes the index beside the snapshot and puts it in its place.

    Returns:
        None where it was published; else one sentence saying why not, and the old snapshot is as it was.
    """
    draft = results.root / f"{results.snapshot.name}.{os.getpid()}-{secrets.token_hex(3)}.tmp"
    try:
        with locks.lock(results.shared_locks / "snapshot.lock").acquire(timeout=0):
            _remove_stale(results)
            _write(con, draft)
            _sync(draft)
            draft.chmod(draft.stat().st_mode & 0o444)  # read-only, for whom the umask lets read
            os.replace(draft, results.snapshot)
    except Timeout:
        return BUSY
    except (OSError, duckdb.Error) as error:
        return f"the snapshot {results.snapshot.name} could not be published: {str(error).splitlines()[0]}"
    finally:
        _remove(draft)
    return None


def hydrate(con: duckdb.DuckDBPyConnection, results: Results) -> Found:
    """Fills the empty index from a private copy of the snapshot, which somebody else may have written.

    What cannot be read leaves the index as empty as before.
    """
    before, found = _known(results.snapshot), Found()
    if before is None:
        return found
    for _ in range(2):  # a snapshot met while it is being replaced looks broken: once more
        found = _read(con, results.snapshot)
        now = _known(results.snapshot)
        if found.notice is None or now == before:
            break
        before = now
    return found


def _write(con: duckdb.DuckDBPyConnection, draft: Path) -> None:
    con.execute(f"ATTACH {_quoted(draft)} AS draft (STORAGE_VERSION 'v1.0.0')")
    try:
        con.execute("BEGIN")
        try:
            for name in tables.TABLES:
                con.execute(f"CREATE TABLE draft.{name} AS FROM memory.{name}")
            con.execute(_ABOUT, [tables.FORMAT, tables.fingerprint(), _count(con)])
            con.execute("COMMIT")
        except BaseException:
            con.execute("ROLLBACK")
            raise
        con.execute("CHECKPOINT draft")
    finally:
        con.execute("DETACH draft")


def _known(snapshot: Path) -> tuple[int, int, int] | None:
    """What changes as it is replaced; None where there is none."""
    try:
        found = os.lstat(snapshot)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(con: duckdb.DuckDBPyConnection, snapshot: Path) -> Found:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as private:
        copy = Path(private) / "copy.duckdb"
        try:
            opened.copied(snapshot, copy)
            with opened.closed(copy) as old:
                return _take(con, old, snapshot)
        except (OSError, duckdb.Error, UserError) as error:
            return Found(_broken(snapshot, error))


def _take(con: duckdb.DuckDBPyConnection, old: duckdb.DuckDBPyConnection, snapshot: Path) -> Found:
    written, schema, runs = _about(old)
    if written > tables.FORMAT:
        return Found(
            f"{snapshot.name} is of format {written}, written by a newer vitcore; this one reads up to "
            f"{tables.FORMAT}, so it leaves the file alone and reads the journals",
            newer=True,
        )
    if schema != tables.fingerprint():
        return Found(f"{snapshot.name} is of an earlier make; the journals are read instead")
    opened.check(old, _declared())
    con.execute("BEGIN")
    try:
        for name in tables.TABLES:
            _bounded(old, name)
            rows = old.sql(f"FROM main.{name}").to_arrow_reader(_ROWS_AT_ONCE)
            con.register("incoming", rows)
            try:
                con.execute(f"INSERT INTO memory.{name} FROM incoming")
            finally:
                con.unregister("incoming")
        if _count(con) != runs:
            raise duckdb.Error(f"{runs} runs were promised")
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    return Found()


def _bounded(old: duckdb.DuckDBPyConnection, name: str) -> None:
    """Hold that a table would not fill the memory: a constant column of a thousand million rows is a small file.

    Raises:
        UserError: it would.
    """
    [(count,)] = old.execute(f"SELECT count(*) FROM main.{name}").fetchall()
    if count > _MOST_ROWS:
        raise UserError(f"its table {name} has {count:,} rows, and {_MOST_ROWS:,} are the most")
    texts = [field.name for field in tables.columns(name) if not arrow.types.is_primitive(field.type)]
    if not texts:
        return
    sums = " + ".join(f'coalesce(sum(strlen("{text}"::VARCHAR)), 0)' for text in texts)
    [(letters,)] = old.execute(f"SELECT {sums} FROM main.{name}").fetchall()
    if letters > _MOST_LETTERS:
        raise UserError(f"its table {name} has {letters:,} letters, and {_MOST_LETTERS:,} are the most")


@functools.cache
def _declared() -> dict[str, str]:
    """Each table of a snapshot as `_write` declares it."""
    with duckdb.connect() as blank:
        blank.execute(tables.schema())
        blank.execute("ATTACH ':memory:' AS draft")
        for name in tables.TABLES:
            blank.execute(f"CREATE TABLE draft.{name} AS FROM memory.{name}")
        blank.execute(_ABOUT, [0, "", 0])
        found = blank.execute("SELECT table_name, sql FROM duckdb_tables() WHERE database_name = 'draft'").fetchall()
    return dict(found)


def _about(old: duckdb.DuckDBPyConnection) -> tuple[int, str, int]:
    """The format, the schema and the number of runs that it says it holds."""
    rows = old.execute("SELECT format::BIGINT, schema::VARCHAR, runs::BIGINT FROM main.about LIMIT 2").fetchall()
    if len(rows) != 1 or None in rows[0]:
        raise UserError("it does not say what it holds")
    return int(rows[0][0]), str(rows[0][1]), int(rows[0][2])


def _count(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("SELECT count(*) FROM memory.runs").fetchone()
    return int(row[0]) if row else 0


def _broken(snapshot: Path, error: Exception) -> str:
    return f"{snapshot.name} cannot be read ({str(error).splitlines()[0][:120]}); the journals are read instead"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _remove_stale(results: Results) -> None:
    """Drafts of publishers that were killed."""
    for draft in results.root.glob(f"{results.snapshot.name}.*.tmp*"):
        if draft.lstat().st_mtime < time.time() - _STALE_SECONDS:
            _remove(draft)


def _remove(draft: Path) -> None:
    for path in (draft, draft.with_name(f"{draft.name}.wal")):
        with suppress(OSError):  # a draft in the way costs room only, and the next publisher sweeps it away
            path.unlink()
