"""results/runs.duckdb: the index as a file for the next start, for notebooks and other tools; only ever replaced whole.

No process writes it in place, and it can be deleted at any time: the journals hold everything that is in it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import duckdb
from filelock import Timeout

from vitcore.runs import locks
from vitcore.runs.folder import Results
from vitcore.store import tables

BUSY = "another process is publishing the snapshot"
_STALE_SECONDS = 3600


def publish(con: duckdb.DuckDBPyConnection, results: Results) -> str | None:
    """Writes the index beside the snapshot and puts it in its place.

    Returns:
        None where it was published; else one sentence saying why not, and the old snapshot is as it was.
    """
    draft = results.root / f"{results.snapshot.name}.{os.getpid()}-{secrets.token_hex(3)}.tmp"
    try:
        with locks.lock(results.locks / "snapshot.lock").acquire(timeout=0):
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


def hydrate(con: duckdb.DuckDBPyConnection, results: Results) -> str | None:
    """Fills the empty index from a private copy of the snapshot.

    Returns:
        None where that was done or there is no snapshot; else one sentence. The index is then as empty as before.
    """
    if not results.snapshot.exists():
        return None
    found = None
    for _ in range(2):  # a snapshot met while it is being replaced looks broken: once more
        found = _read(con, results.snapshot)
        if found is None:
            break
    return found


def newer(snapshot: Path) -> bool:
    """Whether the snapshot there is one that a later vitcore wrote, and is not ours to replace."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as private:
        copy = Path(private) / "newer.duckdb"
        try:
            shutil.copyfile(snapshot, copy)
            with duckdb.connect(str(copy), read_only=True) as old:
                return _format(old, "") > tables.FORMAT
        except (OSError, duckdb.Error):
            return False


def _write(con: duckdb.DuckDBPyConnection, draft: Path) -> None:
    con.execute(f"ATTACH {_quoted(draft)} AS draft (STORAGE_VERSION 'v1.0.0')")
    try:
        con.execute("BEGIN")
        try:
            for name in tables.TABLES:
                con.execute(f"CREATE TABLE draft.{name} AS FROM memory.{name}")
            con.execute(
                "CREATE TABLE draft.about AS SELECT ?::BIGINT AS format, ?::VARCHAR AS schema, ?::BIGINT AS runs",
                [tables.FORMAT, tables.fingerprint(), _count(con)],
            )
            con.execute("COMMIT")
        except BaseException:
            con.execute("ROLLBACK")
            raise
        con.execute("CHECKPOINT draft")
    finally:
        con.execute("DETACH draft")


def _read(con: duckdb.DuckDBPyConnection, snapshot: Path) -> str | None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as private:
        copy = Path(private) / "copy.duckdb"
        try:
            shutil.copyfile(snapshot, copy)
            con.execute(f"ATTACH {_quoted(copy)} AS old (READ_ONLY)")
        except (OSError, duckdb.Error) as error:
            return _broken(snapshot, error)
        try:
            return _take(con, snapshot)
        except duckdb.Error as error:
            return _broken(snapshot, error)
        finally:
            con.execute("DETACH old")


def _take(con: duckdb.DuckDBPyConnection, snapshot: Path) -> str | None:
    written = _format(con, "old.")
    if written > tables.FORMAT:
        return (
            f"{snapshot.name} is of format {written}, written by a newer vitcore; this one reads up to "
            f"{tables.FORMAT}, so it leaves the file alone and reads the journals"
        )
    con.execute("BEGIN")
    try:
        about = con.execute("SELECT schema, runs FROM old.about").fetchone()
        if about is None or about[0] != tables.fingerprint():
            con.execute("ROLLBACK")
            return f"{snapshot.name} is of an earlier make; the journals are read instead"
        for name in tables.TABLES:
            con.execute(f"INSERT INTO memory.{name} FROM old.{name}")
        if _count(con) != about[1]:
            raise duckdb.Error(f"{about[1]} runs were promised")
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    return None


def _format(con: duckdb.DuckDBPyConnection, where: str) -> int:
    row = con.execute(f"SELECT max(format) FROM {where}about").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


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
        if draft.stat().st_mtime < time.time() - _STALE_SECONDS:
            _remove(draft)


def _remove(draft: Path) -> None:
    for path in (draft, draft.with_name(f"{draft.name}.wal")):
        with suppress(OSError):  # a draft in the way costs room only, and the next publisher sweeps it away
            path.unlink()
