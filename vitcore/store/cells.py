"""Cells of the runs' table, whatever they hold: as text, as a list, and in order."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite
from numbers import Real

import numpy as np
import pandas as pd

LISTS = (list, tuple, set, frozenset, np.ndarray)
"""What a cell that holds several things comes as."""
FIRST = 64  # cells of a column, which are looked at one by one


def as_text(value: object) -> str:
    """A cell as a filter names it: whole numbers without a point, an empty cell as a dash, a list by its entries."""
    if isinstance(value, LISTS):
        return ", ".join(entries(value)) or "–"
    if value is None or value is pd.NA or value != value:
        return "–"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def entries(cell: object) -> list[str]:
    """What a cell that holds a list has in it; an empty cell has nothing."""
    return [str(item) for item in cell] if isinstance(cell, LISTS) else []


def in_order(value: object) -> tuple[int, float, str]:
    """A cell's place among others of any kind: numbers by size, then words, then empty cells."""
    if isinstance(value, Real) and value == value:
        return 0, float(value), ""
    text = as_text(value)
    if text == "–":
        return 2, 0.0, ""
    with suppress(ValueError):
        if isfinite(number := float(text)):
            return 0, number, ""
    return 1, 0.0, text.casefold()


def differs(column: pd.Series) -> bool:
    """Whether a column holds more than one value, an empty cell being one; lists, which cannot be counted, may."""
    first = column.iloc[:FIRST].tolist()  # mostly they tell, and pandas takes longer to count twelve than a thousand
    try:
        values = {None if value is None or value is pd.NA or value != value else value for value in first}
        return len(values) > 1 or (len(column) > FIRST and column.nunique(dropna=False) > 1)
    except (TypeError, ValueError):
        return True


def sorted_by(table: pd.DataFrame, name: str, *, descending: bool = False) -> pd.DataFrame:
    """The rows by a column that may hold anything; those without a value last, whichever way."""
    keys = [in_order(value) for value in table[name]]
    known = sorted((at for at, key in enumerate(keys) if key[0] < 2), key=keys.__getitem__, reverse=descending)
    empty = [at for at, key in enumerate(keys) if key[0] == 2]
    return table.iloc[[*known, *empty]].reset_index(drop=True)
