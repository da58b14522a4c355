"""Error against a corruption's severity, a curve a run, with the interval over test images as a band."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from vitcore.figures.style import color, dash, faint, plain, style, uid


def error_against_severity(
    table: pd.DataFrame,
    names: Mapping[str, str],
    *,
    unit: str = "",
    legend: bool = False,
    places: Mapping[str, int] | None = None,
) -> go.Figure:
    """Test error in percent over severities 0 (the images as they are) to 5.

    Args:
        table: run, severity, error and, where there is a band, low and high; strength where there is a `unit`.
        names: runs in the order of their colors -> what they are called.
        unit: of a strength, to be read on hovering; empty: strengths are not shown.
        legend: whether the runs' names stand above.
        places: of each run's color in the palette; by default their order.
    """
    figure = go.Figure()
    for order, (run, name) in enumerate(names.items()):
        place = order if places is None else places[run]
        own = table[table["run"] == run].sort_values("severity")
        if own.empty:
            continue
        x = own["severity"].tolist()
        if "low" in own:
            around = own["high"].tolist() + own["low"].tolist()[::-1]
            figure.add_scatter(
                x=x + x[::-1], y=around, fill="toself", mode="lines", hoverinfo="skip", showlegend=False,
                line={"width": 0}, fillcolor=faint(color(place), 0.18), legendgroup=run, uid=uid("band", run),
            )  # fmt: skip
        strength = f" ({unit} %{{customdata:.3g}})" if unit else ""
        figure.add_scatter(
            x=x, y=own["error"].tolist(), mode="lines+markers", name=plain(name), legendgroup=run,
            uid=uid("error", run),
            line={"color": color(place), "dash": dash(place), "width": 2.2},
            customdata=own["strength"].tolist() if unit else None, hovertemplate=f"%{{y:.2f}} %{strength}",
        )  # fmt: skip
    return style(
        figure, revision="robustness", x="severity", y="test error (%)", height=300, showlegend=legend,
        x_axis={"dtick": 1, "range": [-0.2, 5.2]}, y_axis={"rangemode": "tozero"},
    )  # fmt: skip
