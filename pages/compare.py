"""Compare: every run in one table to filter, tag and choose from; curves and costs; seeds gathered; CSV, Parquet."""

import pandas as pd
import streamlit as st

from pages.parts import columns, details, frame, stored
from pages.parts.against import against
from pages.parts.chart import chart
from vitcore.reports import figures
from vitcore.reports.statistics import mean_interval
from vitcore.store import queries

VIEWS = ("Runs", "Groups over seeds")
CHOSEN = "compare-chosen"
AT_FIRST = 4  # of the newest runs are chosen on the first visit, so that there is something to see
OVERLAID = 12  # curves that are still told apart
MANY = 50  # runs of a group whose curves are averaged
CHARTS = ("Curves", "Accuracy against cost")


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
        table = with_tags(table)
    if text:
        parts = table["title"] + " " + table["id"]
        table = table[parts.str.contains(text, case=False, regex=False)]
    return table.reset_index(drop=True)


def with_tags(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that carry one of the chosen tags; nothing to choose where no run has any."""
    known = details.all_tags(table)
    if not known:
        return table
    kept = set(st.multiselect("Tags", known, key="compare-tags", placeholder="any", persist_state="session"))
    return table[[bool(kept & set(tags)) for tags in table["tags"]]] if kept else table


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


def grouped(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Runs gathered by chosen columns: how many, the mean test error and its 95 % interval; and those columns."""
    offered = [name for name in columns.VARYING if name in table and name != "seed"]
    differing = [name for name in offered if table[name].nunique(dropna=False) > 1 and name != "name"]
    by = st.multiselect(
        "Group by", offered, default=differing[:4] or ["architecture"], format_func=columns.label, key="compare-by"
    )
    by = by or ["architecture"]
    rows = []
    for values, some in table.dropna(subset=["error_percent"]).groupby(by, dropna=False, sort=False):
        spread = mean_interval(some["error_percent"])
        seconds = some["training_seconds"].mean()
        rows.append((*values, len(some), spread.mean, spread.half_width, some["error_percent"].min(), seconds))
    names = [*by, "n", "error_mean", "error_interval", "error_best", "training_seconds"]
    found = pd.DataFrame(rows, columns=names).sort_values("error_mean", ignore_index=True)
    st.dataframe(found, hide_index=True, placeholder="", column_config=columns.config(names), key="compare-groups")
    return found, by


def overlay(runs: pd.DataFrame, by: list[str] | None = None) -> None:
    """Runs' curves, one over the other; gathered by columns, each group's mean with its interval as a band."""
    if runs.empty:
        st.caption("Choose runs in the table, by the boxes at its left edge, to lay their curves over one another.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        y = st.selectbox("Value", figures.Y_AXES, format_func=figures.Y_AXES.__getitem__, key="compare-y", width=200)
        x = st.selectbox("Over", figures.X_AXES, format_func=figures.X_AXES.__getitem__, key="compare-x", width=200)
        smoothing = st.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key="compare-smoothing", width=180)
        log = st.checkbox("Logarithmic", key="compare-log")
    drawn = runs.head(OVERLAID) if by is None else first_groups(runs, by)
    epochs = queries.epochs(stored.index(), list(drawn["id"]))
    if epochs.empty:
        st.caption("These runs have no epochs yet.")
        return
    figure = figures.curves(epochs, drawn, x=x, y=y, group=by, smoothing=smoothing, log_y=log)
    chart(figure, key="compare-curves", name=f"vitcore-{y}")
    if len(runs) > len(drawn):
        st.caption(f"{len(drawn):,} of {len(runs):,} runs are drawn: as many as can be told apart.")


def first_groups(runs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The runs of as many groups as can be told apart."""
    place = runs.groupby(by, dropna=False, sort=False).ngroup()
    return runs[place < OVERLAID].groupby(by, dropna=False, sort=False).head(MANY)


def downloads(exported: pd.DataFrame) -> None:
    """What is shown, to take along."""
    st.download_button(
        "CSV",
        lambda: queries.export_csv(exported),
        "vitcore-runs.csv",
        mime="text/csv",
        key="download-csv",
        on_click="ignore",
    )
    st.download_button(
        "Parquet",
        lambda: exported.to_parquet(index=False),
        "vitcore-runs.parquet",
        mime="application/vnd.apache.parquet",
        key="download-parquet",
        on_click="ignore",
    )


frame.heading(
    "Compare", "Every stored run. Filter, choose, lay curves over one another, gather seeds, take the table with you."
)
everything = stored.runs()
if everything.empty:
    st.markdown("There is nothing to compare yet.")
    st.page_link("train.py", label="Train a model")
    details.bin_of_runs()
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
    by: list[str] | None = None
    if groups:
        exported, by = grouped(shown)
        chosen = shown.dropna(subset=["error_percent"])
    else:
        exported = shown
        ids = run_table(shown, names)
        chosen = everything[everything["id"].isin(ids)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        downloads(exported)
        if not groups:
            details.delete_chosen(list(chosen["id"]))
        st.caption(f"{len(exported)} groups" if groups else f"{len(exported):,} of {len(everything):,} runs")
    which = st.segmented_control(
        "Chart", CHARTS, default=CHARTS[0], required=True, key="compare-chart", label_visibility="collapsed"
    )
    if which == CHARTS[0]:
        overlay(chosen, by)
    else:
        against(shown)
    if not groups:
        details.details(everything, list(chosen["id"]))
    details.bin_of_runs()
