"""A Plotly figure drawn in place: no flicker, zoom and hidden curves kept, the theme's own colors.

st.plotly_chart mounts a changed figure anew, which blanks it and forgets the zoom; this hands the new figure to
Plotly.react instead, with plotly.js served by the app itself (app.py).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from vitcore.figures.style import drawable

if TYPE_CHECKING:
    import plotly.graph_objects as go

HERE = Path(__file__).parent
NOTHING = "Nothing to draw yet."  # in a chart's place
HEIGHT = 420  # of a figure that says nothing of it
SCRIPTS = ("chart.js", "chart_legend.js", "chart_selecting.js", "chart_table.js")  # one module in the browser

Select = Callable[[list[str], bool], None]
"""Runs chosen in a chart, and whether that was a click on one thing (True), which adds it or takes it away again, or a
box or lasso (False), which chooses what lies within and nothing else. A curve is a run's by its `legendgroup`
("metric:id"), a group's by its `meta` ({"runs": ids}), a point by its `customdata` (a list of ids)."""

_component = st.components.v2.component(
    "vitcore_chart",
    html='<div class="vitcore-charts"></div>\n',
    css=(HERE / "chart.css").read_text(encoding="utf-8"),
    js="\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS),
    isolate_styles=False,  # plotly.js puts its rules into the document; inside a shadow root they would not reach it
)


@dataclass(frozen=True)
class Panel:
    """One chart of a wall."""

    key: str
    title: str  # stands above it
    figure: dict[str, Any] | None  # as `plain` made it; None: nothing to draw yet
    name: str  # under which the modebar saves it


def plain(figure: go.Figure | dict[str, Any]) -> dict[str, Any]:
    """A figure as the plain data that goes to the browser, to be kept where it is drawn many times.

    Without a trace where there is nothing to be seen: axes from -1 to 6 would say that there is.
    """
    if not drawable(figure):
        return {"data": [], "layout": {}}
    if isinstance(figure, dict):
        return {"data": [_packed(trace) for trace in figure["data"]], "layout": {**figure["layout"], "template": {}}}
    found: dict[str, Any] = json.loads(figure.to_json())
    return found


def _packed(trace: dict[str, Any]) -> dict[str, Any]:
    """A trace with its arrays as Plotly's own packed numbers, in which a NaN or an infinity is no trouble."""
    return {
        name: {"dtype": "f8", "bdata": base64.b64encode(value.astype("<f8").tobytes()).decode()}
        if isinstance(value, np.ndarray)
        else value
        for name, value in trace.items()
    }


def chart(
    figure: go.Figure | dict[str, Any],
    *,
    key: str,
    name: str = "vitcore",
    height: int | None = None,
    on_pick: Callable[[Any], None] | None = None,
    on_select: Select | None = None,
) -> None:
    """Draw `figure`, or what `plain` made of one, under `key`; the modebar saves it as PNG or SVG under `name`.

    The figure's own `layout.uirevision` says which zoom and hidden curves to keep when it changes.

    Args:
        on_pick: called with the number of the point that was clicked, of a heat map's cell with [row, column].
        on_select: called with the runs that were clicked, or lie in a box or lasso, as `selecting` explains.
    """
    given = figure if isinstance(figure, dict) else plain(figure)
    if not given["data"]:
        st.caption(NOTHING)
        return
    data = {"charts": [_content(Panel(key, "", given, name), height)], "picks": on_pick is not None}
    calls: dict[str, Any] = {}
    if on_pick is not None:
        calls["on_picked_change"] = lambda: on_pick(st.session_state[key].picked)
    _component(
        key=key,
        data={**data, "selects": on_select is not None},
        height="content",
        **calls,
        **_selecting(key, on_select),
    )


def wall(
    panels: Sequence[Panel], *, key: str, height: int, followed: bool = False, on_select: Select | None = None
) -> None:
    """Charts side by side, two where there is room; one element of the page, which costs a quarter of four.

    Args:
        followed: a table of the runs beside it is the legend: the run pressed there is drawn in front, those hidden
            there are left out, and what is hovered over is said of all runs at once.
        on_select: as of `chart`.
    """
    content = [_content(panel, height) for panel in panels]
    data = {"charts": content, "picks": False, "followed": followed, "selects": on_select is not None}
    _component(key=key, data=data, height="content", **_selecting(key, on_select))


def _selecting(key: str, on_select: Select | None) -> dict[str, Any]:
    """What tells of a choice of runs in the chart; what a browser sends is believed as far as it has its form."""
    if on_select is None:
        return {}

    def selected() -> None:
        sent = st.session_state[key].selected
        runs = sent.get("runs") if isinstance(sent, dict) else None
        if isinstance(runs, list):
            on_select([run for run in runs if isinstance(run, str)], bool(sent.get("toggle")))

    return {"on_selected_change": selected}


def _content(panel: Panel, height: int | None) -> dict[str, Any]:
    """One chart as the browser is told it."""
    tall = height or (panel.figure or {}).get("layout", {}).get("height") or HEIGHT
    figure = panel.figure if panel.figure and panel.figure["data"] else None
    content = {"key": panel.key, "title": panel.title, "figure": figure, "height": tall, "name": panel.name}
    return content if figure else {**content, "instead": NOTHING}
