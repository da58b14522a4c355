"""Accuracy against what it costs: parameters, arithmetic or time, with the Pareto front."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from pages.compare.view_widgets import KEYS
from pages.shared import format
from pages.shared.chart import Panel, Select, plain, wall
from vitcore import figures
from vitcore.figures import COSTS
from vitcore.statistics.intervals import typical_interval
from vitcore.store import naming, pooling

if TYPE_CHECKING:
    import plotly.graph_objects as go

APART = 8  # datasets side by side
HEIGHT, LOW = 480, 380  # pixels of a single chart, and of one among several


def against(table: pd.DataFrame, *, ask: bool, chosen: Collection[str] = (), on_select: Select | None = None) -> None:
    """Accuracy against what it costs, seeds gathered, with those that no other beats in both.

    Args:
        ask: whether all runs are to be put together is asked here; else it has been asked above.
        chosen: the runs that stand out; none: all alike.
        on_select: what is done with runs that are chosen in the chart.
    """
    known = table.dropna(subset=["accuracy"])
    datasets = list(known["dataset"].value_counts().index)
    if not datasets:
        st.caption("None of these runs has been evaluated yet.")
        return
    asked = _axes(datasets, ask)
    found = {name: _points(known[known["dataset"] == name], asked, chosen) for name in asked.datasets}
    left = pd.concat([without for _, without in found.values()])
    families = list(dict.fromkeys(str(each) for points, _ in found.values() for each in points["family"]))
    panels = [
        Panel(
            "compare-against" if place == 0 else f"against-{place}",
            name if len(found) > 1 else "",
            plain(_figure(points, asked, name, families)),
            f"vitcore-accuracy-{asked.x}",
        )
        for place, (name, (points, _)) in enumerate(found.items())
        if not points.empty
    ]
    if not panels:
        st.caption("This is not known of any of these runs." if left.empty else "None of these runs is finished.")
        show_left_out(left)
        return
    wall(panels, key="compare-against", height=HEIGHT if len(panels) == 1 else LOW, on_select=on_select)
    st.caption("One point a spec: the median over seeds, the 95 % interval. Dotted: none is better and cheaper.")
    if asked.apart and len(datasets) > APART:
        st.caption(f"The {APART} datasets of most runs are drawn, of {len(datasets):,}.")
    show_left_out(left)


@dataclass(frozen=True)
class Axes:
    """What is drawn against what, of which datasets, as a person has chosen it."""

    x: str
    datasets: list[str]
    log: bool
    everything: bool
    apart: bool


def _axes(datasets: list[str], ask: bool) -> Axes:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x = st.selectbox(
            "Against", COSTS, format_func=COSTS.__getitem__, key=KEYS["cost"], width=220, persist_state="session"
        )
        apart = bool(st.session_state.get(KEYS["apart"])) and len(datasets) > 1
        dataset = st.selectbox(
            "Dataset", datasets, key=KEYS["dataset"], width=200, disabled=apart, persist_state="session"
        )
        if len(datasets) > 1:
            apart = st.checkbox("Every dataset, apart", key=KEYS["apart"], persist_state="session")
        log = not st.checkbox("Linear axis", key=KEYS["linear"], persist_state="session")
        everything = all_runs() if ask else bool(st.session_state[KEYS["all_runs"]])
    return Axes(x, datasets[:APART] if apart else [dataset], log, everything, apart)


def _points(runs: pd.DataFrame, asked: Axes, chosen: Collection[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A dataset's points, and the runs that no mean is taken over."""
    pooled, left = pooling.pooled(_drawable(runs, asked.x, asked.log), everything=asked.everything)
    points = gathered(pooled, asked.x)
    points["chosen"] = [not set(ids).isdisjoint(chosen) for ids in points["ids"]]
    return (points if points["chosen"].any() else points.drop(columns="chosen")), left


def _figure(points: pd.DataFrame, asked: Axes, dataset: str, families: list[str]) -> go.Figure:
    return figures.accuracy_against_size(
        points,
        x=asked.x,
        x_title=COSTS[asked.x],
        y_title="Test accuracy, last weights (%)",
        log_x=asked.log,
        order=families,
        revision=f"{asked.x}:{dataset}:{asked.log}",
    )


def _drawable(runs: pd.DataFrame, x: str, log: bool) -> pd.DataFrame:
    """The runs that have a place on the axes: numbers, above 0 where the axis is logarithmic."""
    cost, reached = (pd.to_numeric(runs[name], errors="coerce").astype(float) for name in (x, "accuracy"))
    return runs[np.isfinite(cost) & np.isfinite(reached) & ((cost > 0) | (not log))]


def all_runs() -> bool:
    """Whether means are taken over every run, or over those alone that were trained here to their end."""
    return st.checkbox(
        "Unfinished runs too",
        key=KEYS["all_runs"],
        help="Means are taken over the runs that were trained here to their end. With this also over those that are "
        "under way, stopped, failed or diverged, and over imported weights.",
        persist_state="session",
    )


def show_left_out(left: pd.DataFrame) -> None:
    """Which runs no mean is taken over; nothing where there are none."""
    if len(left):
        st.caption(format.plain(pooling.left_out(left)))


def gathered(runs: pd.DataFrame, x: str) -> pd.DataFrame:
    """One row a spec: its label, its mean cost, its median accuracy in percent and that median's 95 % interval."""
    specs = runs.assign(accuracy=100 * runs["accuracy"]).groupby("fingerprint", sort=False)
    points = specs.agg(ids=("id", list), family=("architecture", "first"))
    number = specs.size()
    label = points.index.astype(str).to_series(index=points.index).map(naming.called_settings(runs))
    points.insert(1, "label", label.where(number < 2, label + " · n = " + number.astype(str)))
    points[x] = specs[x].mean()
    found = [typical_interval(subset["accuracy"], images=test_images(subset)) for _, subset in specs]
    ends = pd.DataFrame(found, columns=["accuracy", "low", "high"], index=points.index)
    return pd.concat([points, ends], axis=1).reset_index(drop=True)


def test_images(runs: pd.DataFrame) -> int | None:
    """How many images these runs were tested on; None where that is not known, or not one number."""
    sizes = set(runs["test_samples"].dropna()) if "test_samples" in runs else set()
    return int(sizes.pop()) if len(sizes) == 1 else None
