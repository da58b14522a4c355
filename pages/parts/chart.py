"""A Plotly figure drawn in place: no flicker, zoom and hidden curves kept, the theme's own colours.

st.plotly_chart mounts a changed figure anew, which blanks it and forgets the zoom; this hands the new figure to
Plotly.react instead, with plotly.js served by the app itself (app.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    import plotly.graph_objects as go

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "vitcore_chart",
    html='<div class="vitcore-chart"></div>\n',
    # Plotly puts a light halo round the names of parallel axes and draws these black: neither suits a dark page.
    css=".vitcore-chart {\n  width: 100%; overflow: hidden;\n}\n"
    ".vitcore-chart[data-picks] .nsewdrag {\n  cursor: pointer;\n}\n"
    ".vitcore-chart .parcoords text {\n  text-shadow: 0 0 3px var(--st-background-color) !important;\n}\n"
    ".vitcore-chart .parcoords .domain {\n  stroke: var(--st-gray-color) !important;\n}",
    js=(HERE / "chart.js").read_text(encoding="utf-8"),
    isolate_styles=False,  # plotly.js puts its rules into the document; inside a shadow root they would not reach it
)


def plain(figure: go.Figure) -> dict[str, Any]:
    """A figure as the plain data that goes to the browser, to be kept where it is drawn many times."""
    found: dict[str, Any] = json.loads(figure.to_json())
    return found


def chart(
    figure: go.Figure | dict[str, Any],
    *,
    key: str,
    name: str = "vitcore",
    height: int | None = None,
    on_pick: Callable[[Any], None] | None = None,
) -> None:
    """Draw `figure`, or what `plain` made of it, under `key`; the modebar saves it as PNG or SVG under `name`.

    The figure's own `layout.uirevision` says which zoom and hidden curves to keep when it changes.

    Args:
        on_pick: called with the number of the point that was clicked, of a heat map's cell with [row, column].
    """
    given = figure if isinstance(figure, dict) else plain(figure)
    tall = height or given["layout"].get("height") or 420
    data = {"figure": given, "height": tall, "name": name, "picks": on_pick is not None}
    if on_pick is None:
        _component(key=key, data=data, height="content")
        return
    _component(key=key, data=data, height="content", on_picked_change=lambda: on_pick(st.session_state[key].picked))
