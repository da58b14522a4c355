"""The runs' table as a file that others read: CSV for spreadsheets and pandas, Parquet to the bit."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as arrow
from pyarrow import parquet as parquet_files

from vitcore.store.lists import listed

_FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠\t\r\n]")
_QUOTED = re.compile(r'[",\r\n]')


def csv(frame: pd.DataFrame) -> str:
    """The table as CSV: NaN and inf as such, an empty cell empty (`queries.exact` tells the two apart).

    A text that a spreadsheet would take for a formula is given an apostrophe before it.
    """
    rows = zip(*(frame[name].tolist() for name in frame.columns), strict=True)
    return "".join(",".join(map(_cell, row)) + "\n" for row in [tuple(frame.columns), *rows])


def parquet(frame: pd.DataFrame) -> bytes:
    """The table as Parquet; where a column of objects holds numbers, None is null and NaN is NaN."""
    columns = {name: _arrow(frame[name]) for name in frame.columns}
    sink = arrow.BufferOutputStream()
    parquet_files.write_table(arrow.table(columns), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _arrow(column: pd.Series) -> arrow.Array:
    values = column.tolist()
    if column.dtype == object and all(value is None or isinstance(value, float) for value in values):
        return arrow.array(values, type=arrow.float64(), from_pandas=False)
    return arrow.Array.from_pandas(column)


def _cell(value: Any) -> str:
    if isinstance(value, np.ndarray | list | tuple):
        value = listed(value)
    if isinstance(value, str):
        text = f"'{value}" if _FORMULA.match(value) else value
        return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if value != value:
        return "NaN"
    if isinstance(value, datetime):  # stored without a zone, and UTC
        moment: datetime = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return moment.isoformat() + "Z"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
