"""The chosen runs' curves, one over the other, or each group's median with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from pages.compare.step_losses import COUNTED, WITHIN, step_losses
from pages.compare.view import STEP_LOSS, VALUES
from pages.compare.view_widgets import KEYS
from pages.live.learning_curves import SPREAD
from pages.server import store_cache
from pages.shared import format, naming, run_colors
from pages.shared.chart import Select, chart, plain
from vitcore import figures
from vitcore.figures.medians import BANDS
from vitcore.spec.differing import option
from vitcore.store import queries

OVERLAID = 12  # curves that are still told apart
TEST_SCORES = ("accuracy", "error_percent", "f1", "test_loss")
MANY = 50  # runs of a group whose curves are averaged


def overlay(
    runs: pd.DataFrame, by: list[str] | None = None, *, chosen: bool = True, on_select: Select | None = None
) -> None:
    """Runs' curves, one over the other; gathered by columns, each group's median with its interval as a band.

    Args:
        chosen: whether a person has chosen these runs; else it is said which of the table's are drawn.
        on_select: what is done with runs that are chosen in the chart, by their curve or by their group's.
    """
    if runs.empty and by is not None:
        st.caption("None of these runs is finished, so that there is no median to draw.")
        return
    if by is None and not chosen:
        runs = runs[runs["epochs_done"] > 0]
        st.caption(unchosen(len(runs), OVERLAID))
    if runs.empty:
        return
    axes = _axes(grouped=by is not None)
    if by is None:
        drawn = _called(runs.head(OVERLAID))
    else:
        drawn = first_groups(runs, by)
        drawn = drawn.assign(place=drawn["id"].map(run_colors.chosen).astype(float))
    epochs = queries.epochs(store_cache.index(), list(drawn["id"]))
    if epochs.empty:
        st.caption("These runs have no epochs yet.")
        return
    chart(plain(_plot(epochs, drawn, axes, by)), key="compare-curves", name=f"vitcore-{axes.y}", on_select=on_select)
    for sentence in _of_what(epochs, axes, grouped=by is not None):
        st.caption(sentence)
    if len(runs) > len(drawn) and (chosen or by is not None):
        st.caption(f"{len(drawn):,} of {format.number(len(runs), 'run')} are drawn: as many as can be told apart.")


@dataclass(frozen=True)
class Axes:
    """How curves are drawn, as a person has chosen it."""

    y: str
    x: str
    smoothing: float
    log_y: bool
    log_x: bool
    band: str


def _axes(*, grouped: bool) -> Axes:
    """The choices of what is drawn over what, and behind a button how."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        y = _axis("Value", VALUES, KEYS["y"])
        x = _axis("Over", figures.X_AXES, KEYS["x"])
        with st.popover("Axes", key="compare-axes"):
            smoothing = st.slider(
                "Smoothing", 0.0, 0.95, step=0.05, key=KEYS["smoothing"], width=240, persist_state="session",
                help="The weight of the past in an exponential mean; what was measured stays behind it, faint.",
            )  # fmt: skip
            log_y = st.checkbox("Logarithmic values", key=KEYS["log"], persist_state="session")
            log_x = st.checkbox("Logarithmic along", key=KEYS["log_x"], persist_state="session")
            band = st.selectbox(
                "Band of a group", BANDS, format_func=lambda name: BANDS[name][0], key=KEYS["band"], width=240,
                disabled=not grouped, persist_state="session", help="Of the view that gathers runs over seeds.",
            )  # fmt: skip
    return Axes(y, x, smoothing, log_y, log_x, band)


def _plot(epochs: pd.DataFrame, runs: pd.DataFrame, axes: Axes, by: list[str] | None) -> dict[str, Any]:
    steps = axes.y == STEP_LOSS
    return figures.curve_plot(
        step_losses(epochs, runs) if steps else epochs,
        runs, x=axes.x, y=axes.y, group=by, smoothing=axes.smoothing, log_y=axes.log_y, log_x=axes.log_x,
        band=axes.band, label=option, spread=SPREAD if steps and by is None and not axes.smoothing else None,
        revision=f"{axes.x}:{axes.y}:{axes.log_x}:{axes.log_y}", title=VALUES[axes.y],
    )  # fmt: skip


def _of_what(epochs: pd.DataFrame, axes: Axes, *, grouped: bool) -> list[str]:
    """What has to be known of the chart to read it."""
    found = [BANDS[axes.band][1]] if grouped else []
    if axes.y == STEP_LOSS and axes.x in (*COUNTED, "macs"):
        found.append(WITHIN)
    if axes.y in TEST_SCORES and epochs["validated"].any():
        found.append(
            "Runs with validation are tested after their last epoch alone; their epochs have validation values."
        )
    return found


def unchosen(count: int, most: int) -> str:
    """What a chart shows while nothing is chosen, in a sentence."""
    how = "Choose runs by the boxes at the table's left edge, or in the chart, to draw those alone."
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
