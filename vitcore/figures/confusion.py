"""Confusion matrices, readable with ten classes and with two hundred."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vitcore.apart import apart
from vitcore.figures.style import PALETTE, plain, style

WRITTEN = 20
"""Up to so many classes the numbers stand in the cells; above, in the hover alone."""

NAMED = 40
"""Up to so many classes each has its name on the axes."""


def confusion(
    matrix: Sequence[Sequence[int]] | np.ndarray,
    classes: Sequence[str],
    *,
    normalize: bool = False,
    height: int | None = None,
    revision: str = "confusion",
) -> go.Figure:
    """Heat map of a confusion matrix: rows the true class, columns the predicted one.

    The color is the square root of the share of the row in both cases: a mistake made by one in a hundred is seen
    beside a diagonal of ninety-nine.

    Args:
        matrix: counts, classes x classes.
        normalize: write shares of the row in percent instead of counts.
    """
    counts = _square(matrix, classes)
    shares = _shares(counts)
    names = apart([plain(name) for name in classes])
    figure = go.Figure(
        go.Heatmap(
            z=np.sqrt(shares),
            x=names,
            y=names,
            zmin=0,
            zmax=1,
            colorscale="Cividis",
            showscale=False,
            customdata=np.dstack([counts, 100 * shares]),
            text=_texts(counts, shares, normalize),
            texttemplate="%{text}" if len(names) <= WRITTEN else None,
            xgap=1 if len(names) <= NAMED else 0,
            ygap=1 if len(names) <= NAMED else 0,
            uid="confusion",
            name="",
            hovertemplate="true %{y}<br>predicted %{x}<br>%{customdata[0]} images, %{customdata[1]:.1f} % of the row",
        )
    )
    return _square_axes(figure, len(names), height, revision)


def confusion_difference(
    first: Sequence[Sequence[int]] | np.ndarray,
    second: Sequence[Sequence[int]] | np.ndarray,
    classes: Sequence[str],
    *,
    height: int | None = None,
    revision: str = "confusion-difference",
) -> go.Figure:
    """Heat map of first - second in percentage points of the row: blue where the first has more, orange the second."""
    gap = 100 * (_shares(_square(first, classes)) - _shares(_square(second, classes)))
    names = apart([plain(name) for name in classes])
    most = max(float(np.abs(gap).max(initial=0)), 1.0)
    scale = [[0, PALETTE[1]], [0.5, "rgba(128,128,128,0.06)"], [1, PALETTE[0]]]
    figure = go.Figure(
        go.Heatmap(
            z=gap,
            x=names,
            y=names,
            zmin=-most,
            zmax=most,
            colorscale=scale,
            uid="confusion-difference",
            name="",
            colorbar={"title": {"text": "points"}, "thickness": 12},
            hovertemplate="true %{y}<br>predicted %{x}<br>%{z:+.1f} points",
        )
    )
    return _square_axes(figure, len(names), height, revision)


def most_confused(matrix: Sequence[Sequence[int]] | np.ndarray, classes: Sequence[str], most: int = 10) -> pd.DataFrame:
    """The commonest mistakes: columns true, predicted, images, share (of the true class, percent)."""
    counts, classes = _square(matrix, classes), apart(list(classes))
    shares = _shares(counts)
    mistakes = counts * (1 - np.eye(len(classes), dtype=counts.dtype))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:most]
    rows = [
        {
            "true": classes[y],
            "predicted": classes[x],
            "images": int(mistakes[y, x]),
            "share": round(100 * float(shares[y, x]), 2),
        }
        for y, x in zip(*np.unravel_index(order, mistakes.shape), strict=True)
        if mistakes[y, x] > 0
    ]
    return pd.DataFrame(rows, columns=["true", "predicted", "images", "share"])


def _square(matrix: Sequence[Sequence[int]] | np.ndarray, classes: Sequence[str]) -> np.ndarray:
    counts = np.asarray(matrix, dtype=np.int64)
    if counts.shape != (len(classes), len(classes)):
        shape = " x ".join(map(str, counts.shape))
        raise ValueError(f"a matrix of {shape} does not go with {len(classes)} classes")
    return counts


def _shares(counts: np.ndarray) -> np.ndarray:
    shares: np.ndarray = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _texts(counts: np.ndarray, shares: np.ndarray, normalize: bool) -> np.ndarray | None:
    """What stands in the cells; nothing where nothing fell, so that the mistakes are seen."""
    if len(counts) > WRITTEN:
        return None
    written = [[f"{100 * share:.1f}" for share in row] for row in shares] if normalize else counts.astype(str)
    return np.where(counts == 0, "", np.asarray(written))


def _square_axes(figure: go.Figure, count: int, height: int | None, revision: str) -> go.Figure:
    named = {"tickmode": "linear", "dtick": 1} if count <= NAMED else {"showticklabels": False}
    axis = {"type": "category", "showgrid": False, "constrain": "domain", "ticks": "", **named}
    return style(
        figure,
        revision=revision,
        x="",
        y="",
        height=height or (460 if count <= WRITTEN else 640),
        x_axis={**axis, "title": {"text": "Predicted", "standoff": 8}},  # else it stands among the classes' names
        y_axis={**axis, "title": {"text": "True", "standoff": 8}, "autorange": "reversed", "scaleanchor": "x"},
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        meta={"square": True},  # where there is little room, no higher than it is wide
    )
