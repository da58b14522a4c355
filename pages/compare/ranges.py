"""Runs whose numbers lie within a range: an error from 2 to 5 %, a million parameters at most."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.compare import columns
from pages.compare.view import ENDS, RANGES
from pages.shared import format

ASKED = "compare-ranges"
"""Under which the page keeps the columns that have a range."""


def key(end: str, name: str) -> str:
    """The widget's key of one end of the range of a column."""
    return f"compare-{end}-{name}"


def state() -> dict[str, tuple[float | None, float | None]]:
    """The ranges as their fields have them; of which neither end is named is none."""
    found = {name: tuple(st.session_state.get(key(end, name)) for end in ENDS) for name in RANGES}
    return {name: (low, high) for name, (low, high) in found.items() if low is not None or high is not None}


def more(table: pd.DataFrame) -> None:
    """Columns of numbers that have no range by themselves; fields for one are shown for each that is chosen here."""
    st.multiselect(
        "Ranges of",
        [name for name in RANGES if (name in table and table[name].notna().any()) or name in _asked()],
        format_func=columns.label,
        key=ASKED,
        placeholder="numbers",
        persist_state="session",
    )


def within(table: pd.DataFrame) -> pd.DataFrame:
    """The rows within every range; what is not known lies in none. Draws the fields."""
    for name in dict.fromkeys([*_asked(), *state()]):
        if name not in table:
            continue
        low, high = (_field(end, name) for end in ENDS)
        if low is not None and high is not None and low > high:
            st.caption(format.plain(f"{columns.label(name)}: nothing lies from {low:g} to {high:g}."))
        values = pd.to_numeric(table[name], errors="coerce").astype(float)
        if low is not None:
            table = table[values >= low]
        if high is not None:
            table = table[values.reindex(table.index) <= high]
    return table


def _field(end: str, name: str) -> float | None:
    unit = columns.KNOWN[name].unit
    found: float | None = st.number_input(
        f"{end.capitalize()} {columns.label(name)}{f' ({unit})' if unit else ''}", value=None, step=None, format="%g",
        key=key(end, name), placeholder="any", persist_state="session",
    )  # fmt: skip
    return found


def _asked() -> list[str]:
    return list(st.session_state.get(ASKED) or [])
