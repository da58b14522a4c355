"""Compare's table: runs to choose from, or groups of them with the mean over seeds and its interval; to take along."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import columns, moments
from pages.parts.view import KEYS, VERSION
from vitcore.reports.statistics import half_widths
from vitcore.store import queries

CHOSEN = KEYS["runs"]


def run_table(table: pd.DataFrame, names: list[str]) -> list[str]:
    """The table; returns the chosen runs. A choice outlives filters, sorting and runs that arrive meanwhile."""
    before = st.session_state[CHOSEN]
    rows = {run: place for place, run in enumerate(table["id"])}
    event = st.dataframe(
        moments.local(table[names]),
        key=f"compare-table-{st.session_state[VERSION]}-{hash(tuple(rows)) & 0xFFFFFFFF:x}",
        height=min(460, 38 + 35 * max(len(table), 1)),
        hide_index=True,
        placeholder="",
        column_config=columns.config(names),
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={
            "selection": {"rows": [rows[run] for run in before if run in rows], "columns": [], "cells": []}
        },
    )
    picked = [str(table["id"].iloc[row]) for row in event["selection"]["rows"] if row < len(table)]
    # In one order however the table is sorted, so that sorting does not change what the address says of the choice.
    st.session_state[CHOSEN] = sorted({run for run in before if run not in rows}.union(picked), reverse=True)
    return list(st.session_state[CHOSEN])


def grouped(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Runs gathered by chosen columns: how many, the mean test error and its 95 % interval; and those columns."""
    offered = [name for name in (*columns.VARYING, "status") if name in table and name != "seed"]
    differing = [name for name in offered if table[name].nunique(dropna=False) > 1 and name != "status"]
    by = st.multiselect(
        "Group by",
        offered,
        default=differing[:4] or ["architecture"],
        format_func=columns.label,
        key=KEYS["by"],
        persist_state="session",
    )
    by = by or ["architecture"]
    gathered = table.dropna(subset=["error_percent"]).groupby(by, dropna=False, sort=False)
    found = gathered.agg(
        n=("error_percent", "size"),
        error_mean=("error_percent", "mean"),
        error_interval=("error_percent", "std"),
        error_best=("error_percent", "min"),
        training_seconds=("training_seconds", "mean"),
    ).reset_index()
    found["error_interval"] = half_widths(found["n"], found["error_interval"])
    found, names = found.sort_values("error_mean", ignore_index=True), list(found.columns)
    st.dataframe(found, hide_index=True, placeholder="", column_config=columns.config(names), key="compare-groups")
    return found, by


def downloads(shown: pd.DataFrame) -> None:
    """What is shown, to take along."""
    st.download_button(
        "CSV",
        lambda: queries.export_csv(shown),
        "vitcore-runs.csv",
        mime="text/csv",
        key="download-csv",
        on_click="ignore",
    )
    st.download_button(
        "Parquet",
        lambda: moments.utc(shown).to_parquet(index=False),
        "vitcore-runs.parquet",
        mime="application/vnd.apache.parquet",
        key="download-parquet",
        on_click="ignore",
    )
