"""An image in the page itself: st.image would put each on the server, and take it away too soon."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
import streamlit as st
from PIL import Image


def inline_image(image: Image.Image, attributes: str, view: str) -> None:
    """Draws an image; `attributes` of its element, alt among them, and `view`, its style."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    st.html(f'<img src="data:image/png;base64,{data}" {attributes} style="{view}; border-radius: 6px; display: block">')


def squares(pixels: np.ndarray, alt: str) -> None:
    """An image (y x 3) uint8 as wide as there is room, within reason, its pixels as squares."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    inline_image(image, f'alt="{escape(alt)}"', "width: 100%; max-width: 168px; image-rendering: pixelated")
