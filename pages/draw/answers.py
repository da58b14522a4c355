"""Asking stored models about a picture; a model is loaded once and kept while its checkpoint does not change."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from vitcore.data.storage.decode import upright
from vitcore.errors import Refusal
from vitcore.runs.folder import Results
from vitcore.runs.predict import Loaded, Prediction, load, predict

KEPT = 16  # models held in memory


def ask(run_id: str, picture: Image.Image) -> Prediction | str:
    """What the run's model makes of the picture, or the sentence why it makes nothing of it."""
    try:
        return predict(loaded(run_id), picture)
    except Refusal as refusal:
        return str(refusal)


def loaded(run_id: str) -> Loaded:
    """The run's model, kept while its checkpoint does not change; raises Refusal."""
    run = Results().run(run_id)
    return _loaded(run_id, (str(run.path), _stamp(run_id), id(Loaded)))


def seen(answer: Prediction, *, side: int = 112) -> None:
    """The picture as the model saw it, its pixels as squares.

    Drawn from the page itself: st.image would put each stroke's picture on the server, and take it away too soon.
    """
    seen = Image.fromarray(np.ascontiguousarray(answer.prepared))
    _shown(seen, f'width="{side}" height="{side}" alt="The picture as the model sees it"', "image-rendering: pixelated")


def shown(pixels: np.ndarray, alt: str) -> None:
    """A picture (y x 3) uint8 as wide as there is room, within reason."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    _shown(picture, f'alt="{escape(alt)}"', "width: 100%; max-width: 168px; image-rendering: pixelated")


def thumbnail(picture: Image.Image, *, side: int = 320) -> None:
    """An uploaded picture, small enough for the page."""
    small = upright(picture).convert("RGB")
    small.thumbnail((2 * side, 2 * side))
    _shown(small, 'alt="The uploaded picture"', f"max-width: min(100%, {side}px)")


def _shown(picture: Image.Image, attributes: str, look: str) -> None:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    st.html(f'<img src="data:image/png;base64,{data}" {attributes} style="{look}; border-radius: 6px; display: block">')


def _stamp(run_id: str) -> int:
    """When the checkpoint was written; 0 where there is none."""
    try:
        return Results().run(run_id).checkpoint.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _loaded(run_id: str, version: tuple[str, int, int]) -> Loaded:
    """The run's model; `version` changes with its folder, its checkpoint and the library's own code."""
    return load(Results().run(run_id))
