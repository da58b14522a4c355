"""A Plotly figure drawn in place: no flicker, zoom and hidden curves kept, the theme's own colours.

st.plotly_chart mounts a changed figure anew, which blanks it and forgets the zoom; this hands the new figure to
Plotly.react instead, with plotly.js served by the app itself (app.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    import plotly.graph_objects as go

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "vitcore_chart",
    html='<div class="vitcore-chart"></div>\n',
    css=".vitcore-chart {\n  width: 100%; overflow: hidden;\n}",
    js=(HERE / "chart.js").read_text(encoding="utf-8"),
    isolate_styles=False,  # plotly.js puts its rules into the document; inside a shadow root they would not reach it
)


def chart(figure: go.Figure, *, key: str, name: str = "vitcore", height: int | None = None) -> None:
    """Draw `figure` under `key`; the modebar saves it as PNG or SVG under `name`.

    The figure's own `layout.uirevision` says which zoom and hidden curves to keep when it changes.
    """
    plain = json.loads(figure.to_json())
    tall = height or plain["layout"].get("height") or 420
    _component(key=key, data={"figure": plain, "height": tall, "name": name}, height="content")
