"""What every figure shares: the palette, and a layout without a background of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

PALETTE: tuple[str, ...] = ("#0072B2", "#DE9000", "#009E73", "#C84C00", "#CC79A7", "#56ABE0", "#A54BFF", "#963C69")
"""Blue, orange, green, vermilion, purple, sky: Okabe and Ito's, without black and yellow, which vanish on a dark and on
a light page, and the lightest two a shade darker; then violet and wine, the two that stay farthest from these and from
one another. Each keeps 2.4 : 1 against white and against the dark theme, and any two stay apart for people without red,
green or blue cones (tests/figures/test_figures.py computes it)."""

COLOR_NAMES: tuple[str, ...] = ("Blue", "Orange", "Green", "Vermilion", "Pink", "Sky", "Violet", "Wine")
"""What the palette's colors are called where one is chosen."""

NEUTRAL = "#808080"
"""What was published, what lies below the noise, the front: things that are not one of ours."""

DASHES: tuple[str, ...] = ("solid", "dash", "dot", "dashdot")
"""A second sign, for people and printers that see no color; moves on each time that the palette begins again."""

GRID = "rgba(128,128,128,0.22)"


SHARE_TICKS = ".6~%"
"""Ticks of an axis of shares: as many digits as tell neighbors apart, however far somebody zooms in."""


def color(place: int) -> str:
    """The color of the curve or bar at `place`, from 0; the palette begins anew where it ends."""
    return PALETTE[place % len(PALETTE)]


def dash(place: int) -> str:
    """The dash of the curve at `place`, from 0: another each time that the palette begins anew."""
    return DASHES[place // len(PALETTE) % len(DASHES)]


def colors(names: Iterable[str]) -> dict[str, str]:
    """A color for each name, in order of appearance."""
    return {name: color(place) for place, name in enumerate(dict.fromkeys(names))}


def faint(shade: str, opacity: float) -> str:
    """A palette color (#rrggbb) made see-through."""
    red, green, blue = (int(shade[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def plain(text: object) -> str:
    """Text for a legend, a tick or a hover: Plotly reads tags, links and %{…} in them, and a name may hold some."""
    return escape(str(text), quote=False).replace("%{", "%&#123;")


def uid(*parts: object) -> str:
    """A trace's lasting name, by which Plotly.react knows it again; letters and digits, for it becomes a selector."""
    return "t" + hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()[:12]


def layout(
    *,
    revision: str,
    x: str = "",
    y: str = "",
    height: int = 420,
    x_axis: Mapping[str, Any] | None = None,
    y_axis: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The common layout as plain data.

    Args:
        revision: tells Plotly which zoom and legend to keep when new data arrive.
        x, y: titles of the axes.
        x_axis, y_axis: what else is to be said of an axis.
        more: what else is to be said of the whole.
    """
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": NEUTRAL, "size": 13},
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 32, "b": 8},
        "hoverlabel": {"namelength": -1},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "title": {"text": ""}},
        "uirevision": revision,
        "xaxis": {**axis, "title": {"text": x}, **(x_axis or {})},
        "yaxis": {**axis, "title": {"text": y}, **(y_axis or {})},
        **more,
    }


def drawable(figure: go.Figure | Mapping[str, Any]) -> bool:
    """Whether anything of a figure can be seen: some trace has a point, a cell or a line with a value."""
    if isinstance(figure, Mapping):
        scales = {name: figure["layout"].get(f"{name}axis", {}).get("type") for name in "xy"}
        return any(_known(trace, scales) for trace in figure["data"])
    scales = {name: figure.layout[f"{name}axis"].type for name in "xy"}
    return any(_known({name: item[name] for name in item}, scales) for item in figure.data)


def _known(trace: Mapping[str, Any], scales: Mapping[str, Any]) -> bool:
    if trace.get("type") == "heatmap":
        return np.size(trace["z"]) > 0
    if trace.get("type") == "parcoords":
        return any(np.size(axis["values"]) for axis in trace["dimensions"])
    own = trace.get("yaxis") == "y2"  # the edges of a chart
    x, y = (_numbers(trace.get(name), None if own and name == "y" else scales[name]) for name in "xy")
    return len(x) == len(y) and bool((x & y).any())


def _numbers(values: Any, scale: str | None) -> np.ndarray:
    """Which of an axis's values have a place on it; a category always has."""
    given = np.asarray([] if values is None else values)
    if given.dtype.kind not in "fiub":
        given = np.array([np.nan if value is None or value != value else 1.0 if isinstance(value, str) else value
                          for value in given.tolist()], dtype=float)  # fmt: skip
    found: np.ndarray = np.isfinite(given) & ((given > 0) | (scale != "log"))
    return found


def style(figure: go.Figure, **options: Any) -> go.Figure:
    """Give a figure the common layout, in one go: each later update would cost milliseconds, this one in all."""
    figure.layout = layout(**options)
    return figure
