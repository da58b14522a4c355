"""MLflow's SQLite store, which anybody may have made: a copy of it is read, plain tables alone, in bounded work."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vitcore import untrusted
from vitcore.data.storage.regular import CHUNK, open_regular
from vitcore.errors import UserError
from vitcore.runs.importing.foreign import MOST_RUNS, ForeignRun, Found, listed, moment, plain
from vitcore.runs.importing.mlflow_files import ORIGIN, ended

HEAD = b"SQLite format 3\0"
LARGEST = 2 << 30
_NEEDED = {"runs": ("run_uuid", "status"), "metrics": ("key", "value", "step", "run_uuid"), "params": ("key", "value")}
_OPERATIONS, _MOST_ROUNDS = 1_000_000, 5_000  # of SQLite's machine: seconds to a few minutes
_LONGEST = 1 << 20  # bytes of a value


def read(path: Path) -> Found:
    """The runs of a store.

    Raises:
        UserError: it is damaged, too large, no store of MLflow's, or would keep its reader at work for ever.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as private:
        copy = Path(private) / "copy.db"
        _copied(path, copy)
        con = sqlite3.connect(f"{copy.as_uri()}?mode=rw", uri=True)
        try:
            _close(con)
            _check(con, path)
            return _runs(con)
        except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read as a store of MLflow's: {str(error)[:120]}") from None
        finally:
            con.close()


def _copied(path: Path, copy: Path) -> None:
    """The database and what was not yet written into it; reading a store itself would leave files beside it."""
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if suffix and not source.exists():
            continue
        try:
            with open_regular(source, LARGEST) as file, copy.with_name(copy.name + suffix).open("wb") as out:
                while data := file.read(CHUNK):
                    out.write(data)
        except OSError as error:
            raise UserError(f"{source} cannot be read: {error.strerror or error}") from None


def _close(con: sqlite3.Connection) -> None:
    """Allows nothing but reading, and no more work than a large store needs."""
    rounds = iter(range(_MOST_ROUNDS))
    con.set_progress_handler(lambda: next(rounds, None) is None, _OPERATIONS)
    con.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    con.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    con.text_factory = lambda data: data.decode("utf-8", "replace")
    for setting in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "mmap_size=0"):
        con.execute(f"PRAGMA {setting}")


def _check(con: sqlite3.Connection, path: Path) -> None:
    """Hold that MLflow's tables are there and are tables: a view, or a table of a module, may compute anything."""
    kinds = {
        str(name): (kind, str(sql)) for name, kind, sql in con.execute("SELECT name, type, sql FROM sqlite_master")
    }
    for table, columns in _NEEDED.items():
        kind, sql = kinds.get(table, ("", ""))
        if kind != "table" or not sql.upper().lstrip().startswith("CREATE TABLE"):
            raise UserError(
                f"{path} is no store of MLflow's: it has no table {table!r}; give that store, or its folder"
            )
        there = {str(name): hidden for _, name, *_, hidden in con.execute(f"PRAGMA table_xinfo({table})")}
        if missing := [name for name in columns if there.get(name) != 0]:
            raise UserError(f"{path} is no store of MLflow's that is known here: {table} has no column {missing[0]!r}")


def _runs(con: sqlite3.Connection) -> Found:
    found, deleted = Found(), []
    columns = {str(name) for _, name, *_ in con.execute("PRAGMA table_info(runs)")}
    names = [name if name in columns else "NULL" for name in ("name", "start_time", "end_time", "lifecycle_stage")]
    rows = con.execute(f"SELECT run_uuid, status, {', '.join(names)} FROM runs LIMIT ?", [MOST_RUNS + 1]).fetchall()
    if len(rows) > MOST_RUNS:
        raise UserError(f"it has more than {MOST_RUNS:,} runs, and so many are imported at once")
    for id, status, name, started, over, stage in rows:
        called = untrusted.text(name) or str(id)[:64]
        if stage == "deleted":
            deleted.append(called)
            continue
        run = ForeignRun(
            ORIGIN, f"mlflow:{str(id)[:64]}", called, started=moment(started, 1000), ended=moment(over, 1000)
        )
        ended(run, str(status))
        for key, value in con.execute("SELECT key, value FROM params WHERE run_uuid = ? LIMIT 5000", [id]):
            run.parameters[str(key)] = plain(str(value))
        for key, value, step, at in _metrics(con, id):
            number, place = untrusted.number(value), untrusted.whole(step)
            if number is None or place is None or not 0 <= place < 2**53:
                continue
            if not run.tell(str(key)[:200], place, number, moment(at, 1000)):
                found.sentences.append(f"{listed([called])} has more values than are read of one run.")
                break
        found.runs.append(run)
    if deleted:
        found.sentences.append(f"Deleted in MLflow and left out: {listed(deleted)}.")
    return found


def _metrics(con: sqlite3.Connection, id: Any) -> Iterator[tuple[Any, ...]]:
    """The lines of a run, what was told last of a step at the end."""
    there = {str(name) for _, name, *_ in con.execute("PRAGMA table_info(metrics)")}
    nan = "CASE WHEN is_nan THEN 9e999 - 9e999 ELSE value END" if "is_nan" in there else "value"
    at = "timestamp" if "timestamp" in there else "NULL"
    yield from con.execute(f"SELECT key, {nan}, step, {at} FROM metrics WHERE run_uuid = ? ORDER BY step, {at}", [id])
