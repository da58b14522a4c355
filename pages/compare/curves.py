"""The chosen runs' curves, one over the other, or each group's median with its interval."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.compare.view_widgets import KEYS
from pages.server import store_cache
from pages.shared import format, naming, run_colors
from pages.shared.chart import chart, plain
from vitcore import figures
from vitcore.figures.medians import IN_WORDS
from vitcore.spec.differing import option
from vitcore.store import queries

OVERLAID = 12  # curves that are still told apart
TEST_SCORES = ("accuracy", "error_percent", "f1", "test_loss")
MANY = 50  # runs of a group whose curves are averaged


def overlay(runs: pd.DataFrame, by: list[str] | None = None, *, chosen: bool = True) -> None:
    """Runs' curves, one over the other; gathered by columns, each group's median with its interval as a band.

    Args:
        chosen: whether a person has chosen these runs; else it is said which of the table's are drawn.
    """
    if runs.empty and by is not None:
        st.caption("None of these runs is finished, so that there is no median to draw.")
        return
    if by is None and not chosen:
        runs = runs[runs["epochs_done"] > 0]
        st.caption(unchosen(len(runs), OVERLAID))
    if runs.empty:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        y = _axis("Value", figures.Y_AXES, KEYS["y"])
        x = _axis("Over", figures.X_AXES, KEYS["x"])
        smoothing = st.slider(
            "Smoothing", 0.0, 0.95, step=0.05, key=KEYS["smoothing"], width=180, persist_state="session"
        )
        log = st.checkbox("Logarithmic", key=KEYS["log"], persist_state="session")
    drawn = runs.head(OVERLAID) if by is None else first_groups(runs, by)
    if by is None:
        drawn = _called(drawn)
    epochs = queries.epochs(store_cache.index(), list(drawn["id"]))
    if epochs.empty:
        st.caption("These runs have no epochs yet.")
        return
    plot = figures.curve_plot(epochs, drawn, x=x, y=y, group=by, smoothing=smoothing, log_y=log, label=option)
    chart(plain(plot), key="compare-curves", name=f"vitcore-{y}")
    if by is not None:
        st.caption(IN_WORDS)
    if y in TEST_SCORES and epochs["validated"].any():
        st.caption("Runs with validation are tested after their last epoch alone; their epochs have validation values.")
    if len(runs) > len(drawn) and (chosen or by is not None):
        st.caption(f"{len(drawn):,} of {format.number(len(runs), 'run')} are drawn: as many as can be told apart.")


def unchosen(count: int, most: int) -> str:
    """What a chart shows while nothing is chosen, in a sentence."""
    how = "Choose runs in the table, by the boxes at its left edge, to draw those alone."
    if not count:
        return "Nothing is chosen, and no run of the table has an epoch to draw yet."
    if count == 1:
        return "Nothing is chosen: the one run of the table that has epochs is drawn."
    which = f"all {count} of the table that have epochs" if count <= most else f"the first {most} of {count:,}"
    return f"Nothing is chosen: {which} are drawn. {how}"


def _called(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs under the names that tell them apart, each with its color; what they share is said above."""
    called = naming.of(runs)
    if text := called.above():
        st.caption(format.plain(text))
    ids = [str(id) for id in runs["id"]]
    places = run_colors.places(ids, page="compare")
    return runs.assign(title=[called.names[id] for id in ids], place=[places[id] for id in ids])


def _axis(label: str, axes: Mapping[str, str], key: str) -> str:
    return st.selectbox(label, axes, format_func=axes.__getitem__, key=key, width=270, persist_state="session")


def first_groups(runs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The runs of as many groups as can be told apart."""
    place = runs.groupby(by, dropna=False, sort=False).ngroup()
    return runs[place < OVERLAID].groupby(by, dropna=False, sort=False).head(MANY)
