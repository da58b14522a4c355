"""Compare: every run in one table to filter, sort and choose from; curves overlaid; seeds gathered; CSV."""

import pandas as pd
import streamlit as st

from pages.parts import columns, frame, stored
from pages.parts.chart import chart
from vitcore.reports import figures
from vitcore.reports.statistics import mean_interval
from vitcore.store import queries

VIEWS = ("Runs", "Groups over seeds")
CHOSEN = "compare-chosen"
AT_FIRST = 4  # of the newest runs are chosen on the first visit, so that there is something to see
OVERLAID = 12  # curves that are still told apart


def filtered(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that fit the search and the filters; only columns in which runs differ have a filter."""
    with st.grid("auto", min_column_width=150, gap="small", key="filters"):
        text = st.text_input("Search", key="compare-search", placeholder="name or model", persist_state="session")
        for name in ("architecture", "kernel", "dataset", "status"):
            known = sorted(table[name].dropna().unique())
            if len(known) > 1:
                kept = st.multiselect(
                    columns.label(name),
                    known,
                    key=f"compare-{name}",
                    placeholder="any",
                    persist_state="session",
                )
                table = table[table[name].isin(kept)] if kept else table
    if text:
        parts = table["title"] + " " + table["id"]
        table = table[parts.str.contains(text, case=False, regex=False)]
    return table.reset_index(drop=True)


def run_table(table: pd.DataFrame, names: list[str]) -> list[str]:
    """The table; returns the chosen runs. A choice outlives filters, sorting and runs that arrive meanwhile."""
    before = st.session_state.setdefault(CHOSEN, list(table["id"][table["epochs_done"] > 0].head(AT_FIRST)))
    rows = {run: place for place, run in enumerate(table["id"])}
    event = st.dataframe(
        table[names],
        key=f"compare-table-{hash(tuple(rows)) & 0xFFFFFFFF:x}",
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
    st.session_state[CHOSEN] = [run for run in before if run not in rows] + picked
    return st.session_state[CHOSEN]


def grouped(table: pd.DataFrame) -> pd.DataFrame:
    """Runs gathered by chosen columns: how many, and the mean test error with its 95 % interval."""
    offered = [name for name in columns.VARYING if name in table and name != "seed"]
    differing = [name for name in offered if table[name].nunique(dropna=False) > 1 and name != "name"]
    by = st.multiselect(
        "Group by", offered, default=differing[:4] or ["architecture"], format_func=columns.label, key="compare-by"
    )
    rows = []
    for values, some in table.dropna(subset=["error_percent"]).groupby(
        by or ["architecture"], dropna=False, sort=False
    ):
        spread = mean_interval(some["error_percent"])
        seconds = some["training_seconds"].mean()
        rows.append((*values, len(some), spread.mean, spread.half_width, some["error_percent"].min(), seconds))
    names = [*(by or ["architecture"]), "n", "error_mean", "error_interval", "error_best", "training_seconds"]
    found = pd.DataFrame(rows, columns=names).sort_values("error_mean", ignore_index=True)
    st.dataframe(found, hide_index=True, placeholder="", column_config=columns.config(names), key="compare-groups")
    return found


def overlay(table: pd.DataFrame, ids: list[str]) -> None:
    """The chosen runs' curves, one over the other."""
    st.subheader("Curves", anchor=False)
    if not ids:
        st.caption("Choose runs in the table, by the boxes at its left edge, to lay their curves over one another.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        y = st.selectbox("Value", figures.Y_AXES, format_func=figures.Y_AXES.__getitem__, key="compare-y", width=200)
        x = st.selectbox("Over", figures.X_AXES, format_func=figures.X_AXES.__getitem__, key="compare-x", width=200)
        smoothing = st.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key="compare-smoothing", width=180)
        log = st.checkbox("Logarithmic", key="compare-log")
    runs = table[table["id"].isin(ids)].head(OVERLAID)
    epochs = queries.epochs(stored.index(), list(runs["id"]))
    if epochs.empty:
        st.caption("These runs have no epochs yet.")
        return
    figure = figures.curves(epochs, runs, x=x, y=y, smoothing=smoothing, log_y=log)
    chart(figure, key="compare-curves", name=f"vitcore-{y}")
    if len(ids) > OVERLAID:
        st.caption(f"The first {OVERLAID} of {len(ids)} chosen runs are drawn.")


frame.heading(
    "Compare", "Every stored run. Filter, choose, lay curves over one another, gather seeds, take the table with you."
)
everything = stored.runs()
if everything.empty:
    st.markdown("There is nothing to compare yet.")
    st.page_link("train.py", label="Train a model")
else:
    shown = filtered(everything)
    with st.container(horizontal=True, vertical_alignment="center", key="view-row"):
        groups = (
            st.segmented_control(
                "View", VIEWS, default=VIEWS[0], required=True, key="compare-view", label_visibility="collapsed"
            )
            == VIEWS[1]
        )
        names = [] if groups else columns.chosen(shown, key="compare-columns")
    exported = grouped(shown) if groups else shown
    ids = [] if groups else run_table(shown, names)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download CSV",
            lambda: queries.export_csv(exported),
            "vitcore-runs.csv",
            mime="text/csv",
            key="download-csv",
            on_click="ignore",
        )
        st.caption(f"{len(exported)} groups" if groups else f"{len(exported):,} of {len(everything):,} runs")
    if not groups:
        overlay(everything, ids)
