"""A result table drawn, and one cell of it looked at closely: its runs, its command, its source."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from pages.shared import format
from pages.shared.evidence import evidence
from pages.shared.launch import launch, watch
from pages.shared.measured_speeds import speeds
from vitcore.apart import apart
from vitcore.cost.speed import estimate
from vitcore.published.chains import command
from vitcore.reproduction import exports
from vitcore.reproduction.missing import missing
from vitcore.reproduction.provenance import provenance
from vitcore.reproduction.tables import Result, ResultTable
from vitcore.reproduction.verdicts import Verdict

GRAY = "color: #808080"
CELL, LETTER = 20.0, 7.0  # pixels round a cell's text, and of a letter of it
SHORT = 8  # letters, which every column has room for
COLORS = {Verdict.DIFFERS: "color: #C84C00", Verdict.DIVERGED: "color: #C84C00", Verdict.AGREES: "color: #009E73"}
VALUES = "Its values, a row a run, by DuckDB on results/runs.duckdb or on the runs kept with the project:"
STYLES = {"–": GRAY, "": GRAY, **{str(item): COLORS.get(item, GRAY) for item in Verdict}}


def shown(result: ResultTable, part: str) -> None:
    """One of exports.PARTS in the report's own layout."""
    table = exports.layout(result, part, brief=True)
    styles = pd.DataFrame("", index=table.index, columns=table.columns)
    for at, row in enumerate(result.table.rows):
        for column in result.table.columns:
            styles.loc[at, column.title] = _view(result.at(row.key, column.key), part)
    st.dataframe(
        table.style.apply(lambda _: styles, axis=None),
        hide_index=True,
        height="content",
        key=f"table-{result.table.key}-{part}",
        column_config={" ": st.column_config.TextColumn(" ", pinned=True), **_widths(table)},
    )


def _widths(table: pd.DataFrame) -> dict[str, Any]:
    """Room for the longest cell of a column that is longer than its head: the browser looks at a column's first ones.

    A figure whose "too few to say" is cut off looks surer than it is.
    """
    longest = {name: int(table[name].astype(str).str.len().max()) for name in table.columns if name != " "}
    return {
        name: st.column_config.Column(width=round(CELL + LETTER * letters))
        for name, letters in longest.items()
        if letters > max(len(name), SHORT)
    }


def _view(item: Result, part: str) -> str:
    if part in ("ours", "difference") and item.below_noise:
        return GRAY if part == "difference" else ""
    return STYLES.get(exports.cell_text(item, part), "")


def inspect(result: ResultTable, runs: pd.DataFrame) -> None:
    """Choose a cell; see where its numbers come from, and run it."""
    rows = result.table.names()
    keys = [column.key for column in result.table.columns]
    columns = dict(zip(keys, apart([column.title for column in result.table.columns], keys), strict=True))
    with st.container(border=True, key="cell"):
        st.markdown("**One cell**")
        left, right = st.columns(2)
        row = left.selectbox("Row", list(rows), format_func=rows.__getitem__, key=f"{result.table.key}-row")
        column = right.selectbox(
            "Column", list(columns), format_func=columns.__getitem__, key=f"{result.table.key}-column"
        )
        item = result.at(row, column)
        with st.grid(4, min_column_width=130):
            st.metric("Published", exports.cell_text(item, "published"))
            st.metric("Ours", item.measured_text() if math.isnan(item.measured.center) else item.center_text())
            st.metric("Difference", exports.cell_text(item, "difference"))
            st.metric("Verdict", exports.cell_text(item, "verdict") or "–")
        st.caption(
            " ".join(filter(None, [_sentence(item.judgment.why), item.published.note if item.published else ""]))
        )
        if sources := result.table.recipe_sources(row, column, result.protocol):
            st.caption(format.plain(f"Recipe: {'. '.join(sources)}."))
        _runs(item, runs)
        if item.cannot:
            st.info(f"This cell cannot be run yet: {format.plain(item.cannot)}.")
        elif item.spec:
            st.code(command(item.spec, result.table.key, row, result.protocol), language="bash", wrap_lines=True)
            _run_cell(result, row, column, runs)
        found = provenance(result, row, column, runs)
        evidence(found, "Evidence for our number", key="cell-evidence", sql=VALUES)
        st.caption(f"Source: {result.table.source(row, column)}")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _runs(item: Result, runs: pd.DataFrame) -> None:
    """Links to the runs that count, and to those that do not with their status."""
    here = set(runs.loc[runs["created"].notna(), "id"]) if len(runs) else set()
    buttons = [(f"seed {seed}: {item.values[seed]:.{item.metric.digits}f}", id) for seed, id in item.runs.items()]
    buttons += [(f"seed {seed}: diverged", id) for seed, id in item.diverged.items()]
    buttons += [(status, id) for status, ids in item.others.items() for id in ids]
    if not buttons:
        return
    with st.container(horizontal=True, gap="small", key="cell-runs"):
        for label, id in buttons:
            if id in here:
                st.page_link("live/page.py", label=label, query_params={"runs": id})
            else:
                st.caption(f"{label} (kept with the project)")


def _run_cell(result: ResultTable, row: str, column: str, runs: pd.DataFrame) -> None:
    """One seed more for this cell."""
    have = {**result.at(row, column).values, **result.at(row, column).diverged}
    seeds = range(max(have, default=-1) + 2)
    gaps = missing(result.table, runs, seeds, result.protocol, rows=[row], columns=[column])
    if not gaps.specs:
        return
    label = "Run this cell" if not have else "Run one more seed"
    asked = [spec for spec in gaps.specs if spec.seed == gaps.specs[0].seed]  # with what it starts from or learns from
    needed = estimate(asked, runs, measured=speeds())
    if len(asked) > 1:
        st.caption(f"A chain of {len(asked)} runs, one after another.")
    if st.button(f"{label} ({needed})", key="run-cell") and (ids := launch(asked)):
        watch(ids)
