"""The index's tables as SQL and as Arrow schemas; the spec's columns are drawn from its fields."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import duckdb
import pyarrow as arrow

from vitcore.spec import fields

FORMAT = 1  # of the published snapshot
TABLES = ("runs", "epochs", "notes", "last")
_TYPES = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR"}


@functools.cache
def schema() -> str:
    """The SQL that makes every table and view."""
    columns = "\n    ".join(f'"{field.name}" {_TYPES[field.kind]},' for field in fields())
    return Path(__file__).with_name("schema.sql").read_text(encoding="utf-8").replace("/*spec*/\n", f"{columns}\n", 1)


def fingerprint() -> str:
    """What changes with the schema, so that a snapshot of another is not taken for this one."""
    return hashlib.sha256(schema().encode()).hexdigest()[:16]


@functools.cache
def columns(table: str) -> arrow.Schema:
    """A table's columns in order, for handing rows over without guessing at their types."""
    with duckdb.connect() as blank:
        blank.execute(schema())
        found: arrow.Schema = blank.sql(f"FROM {table}").limit(0).to_arrow_table().schema
    return found
