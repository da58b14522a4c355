"""The reliability diagram: how often runs are right against how sure they are, with intervals, and where images lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from vitcore.figures.style import NEUTRAL, color, dash, faint, plain, style, uid
from vitcore.statistics.calibration import Bin


def reliability_diagram(
    runs: Mapping[str, tuple[str, Sequence[Bin]]],
    *,
    revision: str = "reliability",
    places: Mapping[str, int] | None = None,
) -> go.Figure:
    """Accuracy against mean confidence, a point a bin that has images; the diagonal is perfect calibration.

    Args:
        runs: in the order of their colors, ids -> what a run is called, and its bins; none: not drawn.
        places: of each run's color in the palette; by default their order.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="as sure as right", uid=uid("diagonal"), hoverinfo="skip",
        line={"color": NEUTRAL, "width": 1, "dash": "dot"},
    )  # fmt: skip
    for order, (run, (name, bins)) in enumerate(runs.items()):
        place = order if places is None else places[run]
        subset = [each for each in bins if each.images]
        if not subset:
            continue
        y = [each.accuracy.center for each in subset]
        figure.add_scatter(
            x=[each.confidence for each in subset], y=y, mode="lines+markers", name=plain(name), uid=uid("bins", run),
            line={"color": color(place), "dash": dash(place), "width": 2.2},
            error_y={
                "type": "data", "symmetric": False, "color": faint(color(place), 0.6), "thickness": 1.2, "width": 0,
                "array": [each.accuracy.high - each.accuracy.center for each in subset],
                "arrayminus": [each.accuracy.center - each.accuracy.low for each in subset],
            },
            customdata=[each.images for each in subset],
            hovertemplate="%{x:.1%} sure, %{y:.1%} right (%{customdata:,} images)",
        )  # fmt: skip
    axis = {"range": [-0.02, 1.02], "tickformat": ".0%"}
    return style(figure, revision=revision, x="confidence", y="accuracy", height=440, x_axis=axis, y_axis=axis)
