"""Compare's table: runs to choose from, or groups with the median over seeds and its interval; to take along."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from pages.compare import columns
from pages.compare.cost_chart import all_runs, show_left_out, test_images
from pages.compare.view_widgets import KEYS, VERSION
from pages.server import store_cache
from pages.shared import moments
from vitcore.statistics.intervals import typical_interval
from vitcore.store import exports, pooling, queries
from vitcore.store.cells import differs, sorted_by
from vitcore.store.index import Index

CHOSEN = KEYS["runs"]


def run_table(table: pd.DataFrame, names: list[str]) -> list[str]:
    """The table; returns the chosen runs. A choice outlives filters, sorting and runs that arrive meanwhile.

    A press on a column's head is a choice of the column, by which the page itself sorts: the order that the browser
    would make by itself nobody else could know of, neither the address nor the CSV.
    """
    before = st.session_state[CHOSEN]
    rows = {run: place for place, run in enumerate(table["id"])}
    by, down = st.session_state[KEYS["sort"]], bool(st.session_state[KEYS["descending"]])
    key = f"compare-table-{st.session_state[VERSION]}-{hash((by, down, *rows)) & 0xFFFFFFFF:x}"
    event = st.dataframe(
        columns.displayed(moments.local(table[names])),
        key=key,
        height=min(460, 38 + 35 * max(len(table), 1)),
        hide_index=True,
        placeholder="",
        column_config=columns.config(names, by, down),
        on_select=partial(_sort, key, "sort", "descending"),
        selection_mode=["multi-row", "single-column"],
        selection_default={
            "selection": {"rows": [rows[run] for run in before if run in rows], "columns": [], "cells": []}
        },
    )
    picked = [str(table["id"].iloc[row]) for row in event["selection"]["rows"] if row < len(table)]
    if any(name in moments.COLUMNS for name in names):
        st.caption(f"Times are those of {moments.zone_name()}.")
    # In one order however the table is sorted, so that sorting does not change what the address says of the choice.
    st.session_state[CHOSEN] = sorted({run for run in before if run not in rows}.union(picked), reverse=True)
    return list(st.session_state[CHOSEN])


def grouped(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Runs gathered by chosen columns: how many, the median error and its 95 % interval; those runs; the columns."""
    offered = [name for name in (*columns.VARYING, "status") if name in table and name != "seed"]
    differing = [name for name in offered if name != "status" and differs(table[name])]
    by = st.multiselect(
        "Group by",
        offered,
        default=differing[:4] or ["architecture"],
        format_func=columns.label,
        key=KEYS["by"],
        persist_state="session",
    )
    everything = all_runs()
    by = by or ["architecture"]
    known = table[np.isfinite(pd.to_numeric(table["error_percent"], errors="coerce").astype(float))]
    pooled, left = pooling.pooled(known, everything=everything)
    found = gathered(pooled, by)
    order, down = st.session_state[KEYS["group_sort"]], bool(st.session_state[KEYS["group_descending"]])
    if order not in found:
        order, down = ("val_error_median" if "val_error_median" in found else "error_median"), False
        found = sorted_by(found, "error_median")  # of those without validation
    found, names = sorted_by(found, order, descending=down), list(found.columns)
    key = f"compare-groups-{st.session_state[VERSION]}-{hash((order, down, *by)) & 0xFFFFFFFF:x}"
    with st.container(key="compare-groups"):
        st.dataframe(
            columns.displayed(found),
            hide_index=True,
            placeholder="",
            column_config=columns.config(names, order, down),
            key=key,
            on_select=partial(_sort, key, "group_sort", "group_descending"),
            selection_mode="single-column",
        )
    show_left_out(left)
    return found, pooled, by


def gathered(pooled: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """A row a group: its columns, `n`, the median test error of the last weights with its 95 % interval, mean seconds;
    and the median of the best epochs' validation errors where every run of some group has one.
    """
    if "val_error_best" not in pooled:
        pooled = pooled.assign(val_error_best=np.nan)
    groups = pooled.groupby(by, dropna=False, sort=False)
    found = groups.agg(
        n=("error_percent", "size"),
        error_median=("error_percent", "median"),
        val_error_median=("val_error_best", lambda errors: errors.median(skipna=False)),
        training_seconds=("training_seconds", "mean"),
    )
    several = [subset for _, subset in groups]
    ends = [typical_interval(subset["error_percent"], images=test_images(subset))[1:] for subset in several]
    found.insert(2, "error_low", [low for low, _ in ends])
    found.insert(3, "error_high", [high for _, high in ends])
    found = found if found["val_error_median"].notna().any() else found.drop(columns="val_error_median")
    return found.reset_index()


def downloads(shown: pd.DataFrame, *, groups: bool) -> None:
    """What is shown, to take along: its columns, in its order."""
    index = store_cache.index()  # what makes the file runs where no page does
    st.download_button(
        "CSV",
        lambda: exports.csv(_exact(index, shown, groups)),
        "vitcore-runs.csv",
        mime="text/csv",
        key="download-csv",
        on_click="ignore",
        help="As the table stands, in its order.",
    )
    st.download_button(
        "Parquet",
        lambda: exports.parquet(_exact(index, moments.utc(shown), groups)),
        "vitcore-runs.parquet",
        mime="application/vnd.apache.parquet",
        key="download-parquet",
        on_click="ignore",
        help="As the table stands, in its order.",
    )


def _exact(index: Index, shown: pd.DataFrame, groups: bool) -> pd.DataFrame:
    """With what is not known apart from what is not a number; a group's mean is one or is not there."""
    if not groups:
        return queries.exact(index, shown)
    shown = shown.astype(object)
    return shown.where(shown.notna(), None)


def _sort(key: str, sort: str, descending: str) -> None:
    """A press on a column's head: by it, and once more the other way round."""
    pressed = st.session_state[key]["selection"]["columns"]
    if not pressed:  # a row was chosen
        return
    again = st.session_state[KEYS[sort]] == pressed[0]
    st.session_state[KEYS[descending]] = again and not st.session_state[KEYS[descending]]
    st.session_state[KEYS[sort]] = pressed[0]
