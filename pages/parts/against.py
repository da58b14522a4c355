"""Accuracy against what it costs: parameters, arithmetic or time, with the Pareto front."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.chart import chart
from pages.parts.view import KEYS
from vitcore.reports import figures
from vitcore.reports.figures import COSTS
from vitcore.reports.statistics import half_widths


def against(table: pd.DataFrame) -> None:
    """Accuracy against what it costs, seeds gathered, with those that no other beats in both."""
    known = table.dropna(subset=["accuracy"])
    datasets = list(known["dataset"].value_counts().index)
    if not datasets:
        st.caption("None of these runs has been evaluated yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x = st.selectbox(
            "Against", COSTS, format_func=COSTS.__getitem__, key=KEYS["cost"], width=220, persist_state="session"
        )
        dataset = st.selectbox("Dataset", datasets, key=KEYS["dataset"], width=200, persist_state="session")
        log = not st.checkbox("Linear axis", key=KEYS["linear"], persist_state="session")
    points = gathered(known[known["dataset"] == dataset].dropna(subset=[x]), x)
    if points.empty:
        st.caption("This is not known of any of these runs.")
        return
    figure = figures.accuracy_against_size(
        points,
        x=x,
        x_title=COSTS[x],
        y_title="Test accuracy (%)",
        log_x=log,
        revision=f"{x}:{dataset}:{log}",
    )
    chart(figure, key="compare-against", name=f"vitcore-accuracy-{x}")
    st.caption("One point a spec, the mean over its seeds with the 95 % interval. Dotted: none is better and cheaper.")


def gathered(runs: pd.DataFrame, x: str) -> pd.DataFrame:
    """One row a spec: its label, its mean cost, its mean accuracy in percent and that mean's 95 % interval."""
    specs = runs.assign(accuracy=100 * runs["accuracy"]).groupby("fingerprint", sort=False)
    points = specs.agg(id=("id", "first"), label=("title", "first"), family=("architecture", "first"))
    values = specs["accuracy"].agg(["size", "mean", "std"])
    half = half_widths(values["size"], values["std"])
    several = values["size"] > 1
    points["label"] = points["label"].where(~several, points["label"] + " (n = " + values["size"].astype(str) + ")")
    points[x] = specs[x].mean()
    return points.assign(accuracy=values["mean"], low=values["mean"] - half, high=values["mean"] + half).reset_index(
        drop=True
    )
