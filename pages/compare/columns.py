"""The columns of the runs' table: their names, how their numbers are written, and which are shown at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.shared import moments
from pages.shared.narrow import narrow
from vitcore.spec import fields
from vitcore.store import pooling
from vitcore.store.cells import differs
from vitcore.store.columns import GROUPS, Column, columns

VARYING = tuple(field.name for field in fields() if field.name != "name")
RESULTS = ("error_percent", "status", "my_drawings", "accuracy", "f1", "epochs_done", "training_seconds")
LEADING = 3  # options before the results: with more the best epoch's errors would be off a screen of 1,440 pixels
NAME, NAME_ON_A_PHONE = 270, 150  # pixels of a run's name, which stays in sight where the rest is scrolled
VALIDATED = ("val_error_best", "test_error_best")  # shown at first where some run has validation
KNOWN = columns() | {each.name: each for each in (*GROUPS, Column("my_drawings", "My drawings"))}
LABELS = {name: each.label for name, each in KNOWN.items()}


def number_format(column: Column) -> str:
    """A column's numbers as Streamlit writes them: '%.2f %%', 'compact'; empty: as they are. Of `displayed` shares."""
    if column.unit == "share":
        return "%.2f %%"
    if column.form in ("", "compact"):
        return column.form
    unit = f" {column.unit}".replace("%", "%%").rstrip()
    return f"%{column.form}{unit}"


def displayed(table: pd.DataFrame) -> pd.DataFrame:
    """The table as a person reads it: shares in percent, as errors are; files have fractions."""
    shares = [name for name in table if name in KNOWN and KNOWN[name].unit == "share"]
    return table.assign(**{name: 100 * pd.to_numeric(table[name], errors="coerce").astype(float) for name in shares})


def label(name: str) -> str:
    """A column's heading; its name in words where it has none of its own."""
    return LABELS.get(name, name.replace("_", " "))


def chosen(table: pd.DataFrame, *, key: str) -> list[str]:
    """The columns to show: the options that differ, then the results; a chooser adds others.

    Where many options differ, the first few stand before the results and the rest behind, so that these stay on the
    screen.
    """
    validated = [name for name in VALIDATED if name in table and table[name].notna().any()]
    differ = varying(table)
    elsewhere = ["origin"] if pooling.trained_elsewhere(table).any() else []
    epoch = ["best_epoch"] if validated else []
    first = ["title", *differ[:LEADING], *elsewhere, *validated, *RESULTS[:2], *epoch, *RESULTS[2:], *differ[LEADING:]]
    offered = [name for name in table.columns if name != "id"]
    shown, gone = (st.session_state.get(name) or [] for name in (key, f"{key}-hidden"))  # a view may hold any column
    with st.popover("Columns", key=f"{key}-popover"):
        more = st.multiselect(
            "Shown besides those that differ",
            [name for name in offered if name not in first or name in shown],
            format_func=label,
            key=key,
            persist_state="session",
        )
        less = st.multiselect(
            "Hidden",
            [name for name in offered if name != "title" and (name in first or name in gone)],
            format_func=label,
            key=f"{key}-hidden",
            persist_state="session",
        )
    return [name for name in dict.fromkeys([*first, *more]) if name in table and name not in less]


def varying(table: pd.DataFrame) -> list[str]:
    """The spec's options that are not the same in all runs; one of another program has those that it told."""
    known = ~pooling.without_spec(table)
    found = []
    for name in VARYING:
        if name in table:
            column = table[name] if known.all() else table.loc[known | table[name].notna(), name]
            found += [name] if differs(column) else []
    return found


def config(names: Sequence[str], by: str = "", down: bool = False) -> dict[str, Any]:
    """Streamlit's column settings for these columns; an arrow marks the one by which the rows are sorted."""
    found: dict[str, Any] = {}
    for name in names:
        text = f"{label(name)} {'↓' if down else '↑'}" if name == by else label(name)
        if name == "title":
            found[name] = st.column_config.TextColumn(text, pinned=True, width=NAME_ON_A_PHONE if narrow() else NAME)
        elif name in moments.COLUMNS:
            zoned = f"In the zone of this browser, {moments.zone_name()}."
            found[name] = st.column_config.DatetimeColumn(text, format="D MMM YYYY, HH:mm", help=zoned)
        elif name in KNOWN and number_format(KNOWN[name]):
            found[name] = st.column_config.NumberColumn(text, format=number_format(KNOWN[name]))
        else:
            found[name] = st.column_config.Column(text)
    return found
