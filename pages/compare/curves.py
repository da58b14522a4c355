"""The chosen runs' curves, one over the other, or each group's median with its interval."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.compare.view_widgets import KEYS
from pages.server import store_cache
from pages.shared import format
from pages.shared.chart import chart, plain
from vitcore import figures
from vitcore.figures.medians import IN_WORDS
from vitcore.store import queries

OVERLAID = 12  # curves that are still told apart
TEST_SCORES = ("accuracy", "error_percent", "f1", "test_loss")
MANY = 50  # runs of a group whose curves are averaged


def overlay(runs: pd.DataFrame, by: list[str] | None = None) -> None:
    """Runs' curves, one over the other; gathered by columns, each group's median with its interval as a band."""
    if runs.empty and by is not None:
        st.caption("None of these runs is finished, so that there is no median to draw.")
        return
    if runs.empty:
        st.caption("Choose runs in the table, by the boxes at its left edge, to lay their curves over one another.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        y = _axis("Value", figures.Y_AXES, KEYS["y"])
        x = _axis("Over", figures.X_AXES, KEYS["x"])
        smoothing = st.slider(
            "Smoothing", 0.0, 0.95, step=0.05, key=KEYS["smoothing"], width=180, persist_state="session"
        )
        log = st.checkbox("Logarithmic", key=KEYS["log"], persist_state="session")
    drawn = runs.head(OVERLAID) if by is None else first_groups(runs, by)
    epochs = queries.epochs(store_cache.index(), list(drawn["id"]))
    if epochs.empty:
        st.caption("These runs have no epochs yet.")
        return
    plot = figures.curve_plot(epochs, drawn, x=x, y=y, group=by, smoothing=smoothing, log_y=log)
    chart(plain(plot), key="compare-curves", name=f"vitcore-{y}")
    if by is not None:
        st.caption(IN_WORDS)
    if y in TEST_SCORES and epochs["validated"].any():
        st.caption("Runs with validation are tested after their last epoch alone; their epochs have validation values.")
    if len(runs) > len(drawn):
        st.caption(f"{len(drawn):,} of {format.number(len(runs), 'run')} are drawn: as many as can be told apart.")


def _axis(label: str, axes: Mapping[str, str], key: str) -> str:
    return st.selectbox(label, axes, format_func=axes.__getitem__, key=key, width=200, persist_state="session")


def first_groups(runs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The runs of as many groups as can be told apart."""
    place = runs.groupby(by, dropna=False, sort=False).ngroup()
    return runs[place < OVERLAID].groupby(by, dropna=False, sort=False).head(MANY)
