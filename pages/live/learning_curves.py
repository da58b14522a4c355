"""The curves of runs that learn, drawn once for all who look on: a figure is built anew only for more to draw."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.server import store_cache
from pages.shared.chart import Panel, plain, wall
from pages.shared.naming import run_names
from pages.shared.status import Run
from vitcore import figures
from vitcore.errors import UserError
from vitcore.figures import edges
from vitcore.runs.folder import Results
from vitcore.store import queries

HEIGHT = 260
POINTS = 240  # of the loss at most: with more a chart of this size shows noise alone, and one run's hides another's
SPREAD = ("loss_min", "loss_max")  # of the steps that a point of the loss stands for
CURVES = (
    ("Loss by step", "loss", "step"),
    ("{} accuracy by epoch", "held_out_accuracy", "epoch"),
    ("{} loss by epoch, training dotted", "held_out_loss", "epoch"),
    ("{} F1 by epoch", "held_out_f1", "epoch"),
)
CURVE_COLUMNS = [
    "epochs_done",
    "training_seconds",
    "error_percent",
    "val_error",
]  # of a run's row, changed by a new epoch


def curves(rows: Sequence[Run]) -> None:
    """Loss, accuracy and F1 of the chosen runs, side by side where there is room."""
    titles = tuple(run_names(rows).items())
    drawn = _drawn(str(Results().root), titles, etag(rows))
    st.space("small")
    with st.container(key="curves"):
        wall(drawn, key="curves-wall", height=HEIGHT)


def etag(rows: Sequence[Run]) -> tuple[tuple[object, ...], ...]:
    """What tells that there is more to draw: epochs as far as the index knows them, steps as far as they are written.

    Never the length of the events' journal, which the index follows: what was drawn before it looked would stay.
    """
    found: list[tuple[object, ...]] = []
    for run in rows:
        known = [run[name] for name in CURVE_COLUMNS]
        try:
            found.append((*known, Results().run(run["id"]).steps.stat().st_size))
        except (OSError, UserError):  # no step yet; or deleted meanwhile, as the page says elsewhere
            found.append((*known, 0))
    return tuple(found)


@functools.lru_cache(maxsize=32)
def _drawn(root: str, titles: tuple[tuple[str, str], ...], etag: tuple[object, ...]) -> list[Panel]:
    """The figures of CURVES."""
    index, runs = store_cache.index(), pd.DataFrame(titles, columns=["id", "title"])
    epochs = queries.epochs(index, list(runs["id"]))
    steps = pd.concat([gathered(queries.steps(index, id)).assign(run_id=id) for id in runs["id"]])
    found, of = [], _split(epochs)
    for name, y, x in CURVES:
        rows, figure, title = steps if x == "step" else epochs, None, name.format(of)
        if not rows.empty:
            drawn = figures.curve_plot(rows, runs, x=x, y=y, height=HEIGHT, spread=SPREAD if x == "step" else None)
            if y == "held_out_loss":
                drawn["data"] += _dotted(figures.curve_plot(rows, runs, x=x, y="train_loss")["data"])
            figure = plain(drawn)
        notes = _small(figure, named=len(runs) > 1) if figure and figure["data"] else []
        found.append(Panel(f"curve-{y}", edges.with_notes(title, *notes), figure, f"vitcore-{y}"))
    return found


def _split(epochs: pd.DataFrame) -> str:
    """Which images the curves of scores are of: those to validate on where a run has any, else those to test on."""
    by_run = epochs.groupby("run_id")["validated"].any()
    return "Validation" if len(by_run) and by_run.all() else "Validation or test" if by_run.any() else "Test"


def _dotted(traces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Training curves as they lie behind those of the same runs on held-out images."""
    curves = [trace for trace in traces if "line" in trace and "legendgroup" in trace]
    return [
        {
            **trace,
            "line": {**trace["line"], "dash": "dot", "width": 1},
            "mode": "lines",
            "showlegend": False,
            "legendgroup": trace["legendgroup"].replace("train_loss:", "held_out_loss:"),
            "name": f"{trace['name']}, training",
        }
        for trace in curves
    ]


def gathered(steps: pd.DataFrame, most: int = POINTS) -> pd.DataFrame:
    """Neighboring lines of a run's steps taken together: the mean loss over all their steps, and its extremes.

    What is no number stays a line of its own, at its step.
    """
    finite = np.isfinite(steps["loss_mean"].to_numpy())
    size = max(1, -(-len(steps) // most))
    first = (np.arange(len(steps)) % size == 0) | ~finite | ~np.concatenate([[True], finite])[:-1]
    many = np.diff(steps["step"].to_numpy(), prepend=0).clip(1)  # steps that a line stands for
    strides = steps.assign(many=many, loss=steps["loss_mean"] * many).groupby(np.cumsum(first), sort=False)
    found = strides.agg({"step": "last", "epoch": "last", "loss_min": "min", "loss_max": "max"})
    return found.assign(loss=strides["loss"].sum(min_count=1) / strides["many"].sum())


def _small(figure: dict[str, Any], *, named: bool) -> list[str]:
    """Take out what stands over and beside the figure anyway; what is to be said of its edges."""
    layout = figure["layout"]
    layout["showlegend"] = named
    layout["margin"] |= {"b": 0} if named else {"b": 0, "t": 8}
    for axis in ("xaxis", "yaxis"):
        layout[axis]["title"] = {"text": ""}
    notes: list[str] = layout["meta"]["notes"]
    return notes
