"""How a question narrows: each pair's difference, their mean, and the interval that holds after every pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from vitcore.figures.style import NEUTRAL, PALETTE, faint, style, uid
from vitcore.statistics.sequential import Interval


def narrowing(differences: Sequence[float], sequence: Sequence[Interval], margin: float) -> go.Figure:
    """The interval of first minus second, in percentage points, after each pair of seeds.

    Args:
        differences: one a pair, in the order of the seeds.
        sequence: the interval after each of them, as `confidence_sequence` gives it; infinite ones are not drawn.
        margin: the difference that matters, drawn to both sides of zero.
    """
    pairs = np.arange(1, len(differences) + 1)
    known = [item for item in sequence if np.isfinite(item.low)]
    at = [item.pairs for item in known]
    figure = go.Figure()
    if known:
        around = [item.high for item in known] + [item.low for item in reversed(known)]
        figure.add_scatter(
            x=at + at[::-1], y=around, fill="toself", mode="lines", name="interval", hoverinfo="skip",
            line={"width": 0}, fillcolor=faint(PALETTE[0], 0.18), uid=uid("interval"),
        )  # fmt: skip
    figure.add_scatter(
        x=pairs, y=list(differences), mode="markers", name="one pair of seeds", uid=uid("pairs"),
        marker={"color": NEUTRAL, "size": 8, "symbol": "circle-open"}, hovertemplate="%{y:+.2f} points<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=pairs, y=[item.mean for item in sequence], mode="lines+markers", name="mean", uid=uid("mean"),
        line={"color": PALETTE[0], "width": 2.5}, hovertemplate="%{y:+.2f} points<extra></extra>",
    )  # fmt: skip
    lines = [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": y,
            "y1": y,
            "line": {"color": NEUTRAL, "width": 1, "dash": dash},
        }
        for y, dash in ((0.0, "solid"), (margin, "dot"), (-margin, "dot"))
    ]
    axis = {"range": [0.5, max(len(pairs), 4) + 0.5], "dtick": 1 if len(pairs) < 16 else None}
    return style(
        figure, revision="settle", x="pairs of seeds", y="difference, points", height=320, x_axis=axis, shapes=lines
    )
