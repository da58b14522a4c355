"""The kernels' figures: their shapes, FAVOR+'s error, and what they cost against the number of tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vitcore.figures import edges
from vitcore.figures.style import color, dash, faint, plain, style, uid

SERIES = ("softmax", "favor+", "relu", "x^4", "x^2", "elu+1", "max(x,0)^2", "max(x,0)^4", "window", "max(x^4,0)")
"""The order in which series take colors, so that a kernel has one color in every figure."""


def _sign(series: str) -> tuple[str, str]:
    """A series' color and dash."""
    place = SERIES.index(series) if series in SERIES else len(SERIES)
    return color(place), dash(place)


def shapes(curves: pd.DataFrame, names: Callable[[str], str], *, x: str, y: str, log_y: bool = False) -> go.Figure:
    """One line a kernel; `curves` has `kernel`, `x`, `y`. Of two that are one function the second is dotted, on top."""
    figure = go.Figure()
    for series, line in curves.groupby("kernel", sort=False):
        shade, dashes = _sign(str(series))
        double = str(series) in ("max(x^4,0)", "max(x^2,0)")
        figure.add_scatter(
            x=line["x"],
            y=edges.positive(line["y"]) if log_y else line["y"],
            mode="lines",
            name=plain(names(str(series))),
            uid=uid("shape", series),
            line={"color": shade, "dash": "dot" if double else dashes, "width": 4 if double else 2},
            hovertemplate="%{y:.3~g}",
        )
    scale = {"type": "log" if log_y else "linear"}
    clipped = log_y and bool((curves["y"] <= 0).any())
    title = edges.with_notes(y, edges.LEFT_OUT if clipped else "")
    return style(figure, revision=f"shape:{y}", x=x, y=title, height=380, y_axis=scale, hovermode="x unified")


def favor(errors: pd.DataFrame, uniform: float | None = None) -> go.Figure:
    """FAVOR+'s relative error against the number of features; bands from the lowest to the highest draw.

    Args:
        uniform: the error of attending to all tokens alike, drawn as a level line.
    """
    figure = go.Figure()
    if uniform is not None and len(errors):
        ends = sorted(errors["features"])
        figure.add_scatter(
            x=[ends[0], ends[-1]],
            y=[uniform, uniform],
            mode="lines",
            line={"color": "#808080", "dash": "dot"},
            name="uniform attention",
            uid=uid("favor", "uniform"),
            hovertemplate="%{y:.1%}",
        )
    for place, (orthogonal, line) in enumerate(errors.groupby("orthogonal", sort=False)):
        name = "orthogonal features" if orthogonal else "independent features"
        shade = color(place)
        figure.add_scatter(
            x=[*line["features"], *line["features"][::-1]],
            y=[*line["high"], *line["low"][::-1]],
            fill="toself",
            fillcolor=faint(shade, 0.16),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
            uid=uid("favor", name, "band"),
        )
        figure.add_scatter(
            x=line["features"],
            y=line["error"],
            mode="lines+markers",
            line={"color": shade, "dash": dash(6 * place)},
            name=name,
            legendgroup=name,
            uid=uid("favor", name),
            hovertemplate="%{y:.1%}",
        )
    return style(
        figure,
        revision="favor",
        x="Random features",
        y="Relative error",
        height=360,
        x_axis=_counts(sorted(set(errors["features"]))),
        y_axis={"type": "log", "tickformat": ".0%", "dtick": "D2"},
        hovermode="x unified",
    )


def cost(
    points: pd.DataFrame,
    names: Callable[[str], str],
    *,
    y: str = "milliseconds",
    crossings: Iterable[tuple[str, float, float]] = (),
) -> go.Figure:
    """Time (`milliseconds`) or memory (`megabytes`) of one image against its tokens, both logarithmic.

    Args:
        points: `series`, `tokens` and y, of one head width.
        crossings: (series, tokens, y) where a kernel passes softmax: marked by a cross of its color.
    """
    figure = go.Figure()
    for series in sorted(set(points["series"]), key=lambda item: SERIES.index(item) if item in SERIES else len(SERIES)):
        line = points[points["series"] == series].sort_values("tokens")
        shade, dashes = _sign(series)
        figure.add_scatter(
            x=line["tokens"],
            y=edges.positive(line[y]),
            mode="lines+markers",
            name=plain(names(series)),
            uid=uid("cost", y, series),
            line={"color": shade, "dash": dashes, "width": 3 if series == "softmax" else 2},
            marker={"size": 5},
            hovertemplate="%{y:.3~g}",
        )
    for series, tokens, height in crossings:
        if not math.isnan(tokens):
            figure.add_scatter(
                x=[tokens],
                y=[height],
                mode="markers",
                name=plain(f"{names(series)} passes softmax at about {tokens:,.0f} tokens"),
                uid=uid("crossing", y, series),
                marker={"symbol": "x-thin", "size": 14, "line": {"width": 3, "color": _sign(series)[0]}},
                showlegend=False,
                hovertemplate="%{x:,.0f} tokens",
            )
    title = {"milliseconds": "Milliseconds an image", "megabytes": "Megabytes an image"}[y]
    across, up = _counts(_ticks(points["tokens"])), {"type": "log", "dtick": 1}
    title = edges.with_notes(title, edges.LEFT_OUT if (points[y] <= 0).any() else "")
    return style(figure, revision=f"cost:{y}", x="Tokens", y=title, height=400, x_axis=across, y_axis=up)


def _counts(ticks: Sequence[int]) -> dict[str, Any]:
    """A logarithmic axis with a tick at each of these."""
    return {"type": "log", "tickvals": list(ticks), "ticktext": [f"{count:,}" for count in ticks]}


def _ticks(tokens: Sequence[int] | pd.Series) -> list[int]:
    """The measured lengths, every second one where they stand close."""
    counts = sorted({int(count) for count in tokens})
    return counts if len(counts) <= 5 else counts[::2]


def portrait(curve: pd.DataFrame) -> go.Figure:
    """A kernel's φ and its gradient over x from -3 to 3; `curve` has `x`, `y`, `gradient`."""
    figure = go.Figure()
    curve = curve[curve["x"].abs() <= 3]
    for place, (column, name) in enumerate((("y", "φ(x)"), ("gradient", "φ′(x)"))):
        figure.add_scatter(
            x=curve["x"],
            y=curve[column].where(curve[column].abs() < float("inf")),
            mode="lines",
            name=name,
            uid=uid("portrait", column),
            line={"color": color(place), "dash": "solid" if column == "y" else "dash", "width": 2},
            hovertemplate="%{y:.3~g}",
        )
    return style(figure, revision="portrait", x="x", y="φ(x) and its gradient", height=280, hovermode="x unified")


def attention(weights: np.ndarray, highest: float) -> go.Figure:
    """One attention matrix (n n): a row a query, a column a key; the color of `highest` is the brightest."""
    figure = go.Figure(
        go.Heatmap(
            z=weights,
            zmin=min(0.0, float(weights.min())),
            zmax=highest,
            colorscale="Cividis",
            showscale=False,
            uid="attention",
            name="",
            hovertemplate="token %{y} to token %{x}<br>weight %{z:.3~g}",
        )
    )
    return style(
        figure,
        revision="attention",
        x="Key",
        y="Query",
        height=250,
        x_axis={"constrain": "domain", "showgrid": False},
        y_axis={"autorange": "reversed", "scaleanchor": "x", "constrain": "domain", "showgrid": False},
    )
