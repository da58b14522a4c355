"""The curves of runs that learn, drawn once for all who look on: a figure is built anew only for more to draw."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.server import store_cache
from pages.shared.chart import Panel, plain, wall
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
    ("{} loss", "held_out_loss", "epoch"),
    ("{} accuracy", "held_out_accuracy", "epoch"),
    ("Training loss by step", "loss", "step"),
    ("Learning rate by step", "learning_rate", "step"),
    ("{} macro F1 by epoch", "held_out_f1", "epoch"),
    ("Images per second by epoch", "images_per_second", "epoch"),
    ("Gradient norm before clipping, by epoch", "gradient_norm", "epoch"),
)
TRAINING = {"held_out_loss": "train_loss", "held_out_accuracy": "train_accuracy"}
"""Of the training images what lies dotted behind a curve of held-out ones, so that overfitting is seen."""
CHARTS = {
    "held_out_loss": "Losses", "held_out_accuracy": "Accuracies", "loss": "Training loss by step",
    "learning_rate": "Learning rate", "held_out_f1": "Macro F1", "images_per_second": "Images per second",
    "gradient_norm": "Gradient norm",
}  # fmt: skip
AT_FIRST = tuple(name for name in CHARTS if name != "gradient_norm")
LOSSES = ("loss", "held_out_loss")  # that a logarithmic axis is asked for
CURVE_COLUMNS = [
    "epochs_done",
    "training_seconds",
    "error_percent",
    "val_error",
]  # of a run's row, changed by a new epoch


@dataclass(frozen=True)
class Axes:
    """How the curves are drawn, as a person has chosen it."""

    smoothing: float = 0.0
    log_loss: bool = False
    log_along: bool = False


def curves(rows: Sequence[Run], called: Mapping[str, str], places: Mapping[str, int]) -> None:
    """Loss, accuracy, learning rate, F1 and speed of the chosen runs, side by side where there is room.

    Without legends: the table of runs is one for all.

    Args:
        places: of each run's color in the palette.
    """
    shown = tuple((run["id"], called[run["id"]], places[run["id"]]) for run in rows)
    st.space("small")
    with st.container(key="curves"):
        with st.container(horizontal=True, gap="small", key="live-drawn"):
            axes, charts = _axes(), _charts()
        panels = _drawn(str(Results().root), shown, etag(rows), axes, charts)
        wall(panels, key="curves-wall", height=HEIGHT, followed=True)


def _charts() -> tuple[str, ...]:
    """Which charts a person wants, in their order here; all but one where nobody has chosen."""
    with st.popover("Charts", key="live-charts-shown"):
        chosen = st.multiselect(
            "Shown", CHARTS, default=AT_FIRST, format_func=CHARTS.__getitem__, key="live-charts", width=300,
            persist_state="session",
        )  # fmt: skip
    return tuple(name for name in CHARTS if name in chosen) or AT_FIRST


def _axes() -> Axes:
    with st.popover("Axes", key="live-axes"):
        smoothing = st.slider(
            "Smoothing", 0.0, 0.95, step=0.05, key="live-smoothing", width=240, persist_state="session",
            help="The weight of the past in an exponential mean; what was measured stays behind it, faint.",
        )  # fmt: skip
        log_loss = st.checkbox("Logarithmic losses", key="live-log-loss", persist_state="session")
        log_along = st.checkbox("Logarithmic epochs and steps", key="live-log-along", persist_state="session")
    return Axes(smoothing, log_loss, log_along)


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
def _drawn(
    root: str,
    shown: tuple[tuple[str, str, int], ...],
    etag: tuple[Any, ...],
    axes: Axes,
    charts: tuple[str, ...] = AT_FIRST,
) -> list[Panel]:
    """The figures of CURVES that are wanted; the last of what is known of a run is how much of its steps is written."""
    index, runs = store_cache.index(), pd.DataFrame(shown, columns=["id", "title", "place"])
    epochs = queries.epochs(index, list(runs["id"]))
    steps = pd.concat([_steps(root, id, known[-1]) for id, known in zip(runs["id"], etag, strict=True)])
    found, of = [], _split(epochs)
    for name, y, x in CURVES:
        if y not in charts:
            continue
        rows, figure, title = steps if x == "step" else epochs, None, name.format(of)
        if y in TRAINING and TRAINING[y] in epochs and epochs[TRAINING[y]].notna().any():
            title += ", training dotted"
        if not rows.empty:
            figure = plain(_figure(rows, runs, x, y, axes))
        notes = _small(figure) if figure and figure["data"] else []
        found.append(Panel(f"curve-{y}", edges.with_notes(title, *notes), figure, f"vitcore-{y}"))
    return found


def _figure(rows: pd.DataFrame, runs: pd.DataFrame, x: str, y: str, axes: Axes) -> dict[str, Any]:
    """One figure; behind held-out losses and accuracies those of training."""
    log_y = axes.log_loss and y in LOSSES
    asked: dict[str, Any] = {
        "x": x, "height": HEIGHT, "log_x": axes.log_along, "log_y": log_y,
        "smoothing": 0.0 if y == "learning_rate" else axes.smoothing, "revision": f"{x}:{y}:{axes.log_along}:{log_y}",
    }  # fmt: skip
    drawn = figures.curve_plot(rows, runs, y=y, spread=SPREAD if y == "loss" and not axes.smoothing else None, **asked)
    if y in TRAINING:
        drawn["data"] = _dotted(figures.curve_plot(rows, runs, y=TRAINING[y], **asked)["data"], y) + drawn["data"]
    return drawn


@functools.lru_cache(maxsize=64)
def _steps(root: str, id: str, size: int) -> pd.DataFrame:
    """A run's steps as they are drawn; read once for each length of its journal, for many runs have come to rest."""
    return gathered(queries.steps(store_cache.index(), id)).assign(run_id=id)


def _split(epochs: pd.DataFrame) -> str:
    """Which images the curves of scores are of: those to validate on where a run has any, else those to test on."""
    by_run = epochs.groupby("run_id")["validated"].any()
    return "Validation" if len(by_run) and by_run.all() else "Validation or test" if by_run.any() else "Test"


def _dotted(traces: list[dict[str, Any]], y: str) -> list[dict[str, Any]]:
    """Training curves as they lie behind those of the same runs on held-out images, of the metric `y`."""
    curves = [trace for trace in traces if "line" in trace and "legendgroup" in trace]
    return [
        {
            **trace,
            "line": {**trace["line"], "dash": "dot", "width": 1.5},
            "mode": "lines",
            "showlegend": False,
            "legendgroup": trace["legendgroup"].replace(f"{TRAINING[y]}:", f"{y}:"),
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
    last = {name: "last" for name in ("step", "epoch", "learning_rate") if name in steps}
    found = strides.agg({**last, "loss_min": "min", "loss_max": "max"})
    return found.assign(loss=strides["loss"].sum(min_count=1) / strides["many"].sum())


def _small(figure: dict[str, Any]) -> list[str]:
    """Take out what stands over and beside the figure anyway; what is to be said of its edges."""
    layout = figure["layout"]
    layout["showlegend"] = False
    layout["hovermode"] = "x"
    layout["margin"] |= {"b": 0, "t": 8}
    layout["meta"]["along"] = layout["xaxis"]["title"]["text"]
    for axis in ("xaxis", "yaxis"):
        layout[axis]["title"] = {"text": ""}
    notes: list[str] = layout["meta"]["notes"]
    return notes
