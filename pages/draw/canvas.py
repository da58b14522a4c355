"""A canvas to draw a digit on: strokes come back while they are drawn, and stay through a change of page."""

from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
IMAGE_SIZE = 280  # pixels of the canvas's own coordinates
MADE_FOR = "mnist"  # the dataset whose digits are drawn here
BRUSH = 24  # a thick round pen: about as wide as MNIST's strokes once scaled to 28 x 28
FINER = 2  # the image is drawn so many times larger and scaled down, which smooths its edges

Strokes = list[list[list[float]]]  # strokes, each a list of points (x, y)

HTML = """
<div class="easel">
  <div class="paper"><canvas role="img" aria-label="Canvas to draw on"></canvas><div class="hint">Draw here</div></div>
  <div class="tools">
    <button type="button" class="undo">Undo</button>
    <button type="button" class="clear">Clear</button>
  </div>
</div>
"""

_component = st.components.v2.component(
    "vitcore_canvas",
    html=HTML,
    css=(HERE / "canvas.css").read_text(encoding="utf-8"),
    js=(HERE / "canvas.js").read_text(encoding="utf-8"),
)


def canvas(key: str) -> Strokes:
    """Draw the canvas and return its strokes, none at first; what was drawn before a change of page is still there."""
    stored = f"{key}-kept"
    if key not in st.session_state:  # a new visit to the page: hand the browser what it had
        st.session_state[f"{key}-revision"] = st.session_state.get(f"{key}-revision", 0) + 1
        st.session_state[f"{key}-first"] = st.session_state.get(stored, [])
    first = st.session_state[f"{key}-first"]
    data = {"strokes": first, "revision": st.session_state[f"{key}-revision"], "brush": BRUSH}
    result: Any = _component(
        key=key, data=data, default={"strokes": first}, on_strokes_change=_nothing, width="stretch", height="content"
    )
    strokes = cleaned(result.strokes)
    st.session_state[stored] = strokes
    return strokes


def cleaned(raw: object) -> Strokes:
    """Strokes as a browser sent them, without whatever is not one: limits kept in a browser alone are no limits."""
    if not isinstance(raw, list):
        return []
    strokes = [[_point(point) for point in stroke] for stroke in raw[:200] if isinstance(stroke, list) and stroke]
    return [stroke[:5_000] for stroke in strokes]


def drawn_image(strokes: Strokes) -> Image.Image:
    """The drawing as a gray image of 280 x 280, black ink on white paper."""
    image_size, width = IMAGE_SIZE * FINER, BRUSH * FINER
    paper = Image.new("L", (image_size, image_size), 255)
    pen = ImageDraw.Draw(paper)
    for stroke in strokes:
        points = [(x * FINER, y * FINER) for x, y in stroke]
        pen.line(points, fill=0, width=width)
        for x, y in points:  # round ends and joints
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=0)
    return paper.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS)


def _point(raw: object) -> list[float]:
    """A point inside the canvas."""
    x, y = raw if isinstance(raw, list) and len(raw) == 2 else (0, 0)
    return [min(max(float(x), 0), IMAGE_SIZE), min(max(float(y), 0), IMAGE_SIZE)]


def _nothing() -> None:
    """Streamlit wants a callback for every state a component may have; the value is read where it is drawn."""
