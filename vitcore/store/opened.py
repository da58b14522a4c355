"""A DuckDB file that somebody else may have written, opened so that it can hold nothing but rows.

A view, a macro or a column that is worked out can read any file of this machine when it is asked for; so everything
that a query could do besides is switched off before the file is opened, and only what was declared word for word as we
declare it is read.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from vitcore.data.storage.regular import open_regular
from vitcore.errors import UserError

LARGEST = 1 << 30  # bytes; ten thousand runs of a hundred epochs take 23 MB
SECONDS = 60.0  # of all questions together
_MAGIC = b"DUCK"  # at byte 8
_CLOSED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "temp_directory": "",
    "memory_limit": "1GB",
    "threads": "2",
    "lock_configuration": "true",
}


def copied(source: Path, target: Path) -> None:
    """A private copy: the file may be replaced while it is read.

    Raises:
        OSError: it cannot be read.
        UserError: it is no DuckDB file, or larger than a snapshot is.
    """
    with open_regular(source, LARGEST) as file:
        if file.read(12)[8:] != _MAGIC:
            raise UserError(f"{source.name} is no DuckDB file")
        file.seek(0)
        with target.open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)


@contextmanager
def closed(copy: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The copy, read-only, with nothing else within reach and for a limited time. Raises duckdb.Error."""
    con = duckdb.connect(str(copy), read_only=True, config=dict(_CLOSED))
    timer = threading.Timer(SECONDS, con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield con
    finally:
        timer.cancel()
        con.close()


def check(con: duckdb.DuckDBPyConnection, declared: Mapping[str, str]) -> None:
    """Hold that the file has these tables, declared word for word so, and nothing else.

    Raises:
        UserError: what else it holds.
    """
    for what in ("views", "functions", "types", "sequences", "indexes", "schemas"):
        own = "" if what in ("indexes", "sequences") else " WHERE NOT internal"
        [(found,)] = con.execute(f"SELECT count(*) FROM duckdb_{what}(){own}").fetchall()
        if found:
            raise UserError(f"it holds {what} where plain tables are wanted")
    found_tables = dict(con.execute("SELECT table_name, sql FROM duckdb_tables()").fetchall())
    if found_tables.keys() != declared.keys():
        raise UserError(f"it holds the tables {', '.join(sorted(found_tables))[:120]}, which are not ours")
    for name, sql in declared.items():
        if found_tables[name] != sql:
            raise UserError(f"its table {name} has other columns than ours")
