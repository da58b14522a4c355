"""Asking stored models about an image; a model is loaded once and kept while its checkpoint does not change."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from vitcore.data.storage.decode import upright
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.runs.predict import Loaded, Prediction, load, predict

STORED = 16  # models held in memory


def ask(run_id: str, image: Image.Image) -> Prediction | str:
    """What the run's model makes of the image, or the sentence why it makes nothing of it."""
    try:
        return predict(loaded(run_id), image)
    except UserError as error:
        return str(error)


def loaded(run_id: str) -> Loaded:
    """The run's model, kept while its checkpoint does not change; raises UserError."""
    run = Results().run(run_id)
    return _loaded(run_id, (str(run.path), _stamp(run_id), id(Loaded)))


def prepared_image(answer: Prediction, *, image_size: int = 112) -> None:
    """The image as the model saw it, its pixels as squares.

    Drawn from the page itself: st.image would put each stroke's image on the server, and take it away too soon.
    """
    prepared_image = Image.fromarray(np.ascontiguousarray(answer.prepared))
    _shown(
        prepared_image,
        f'width="{image_size}" height="{image_size}" alt="The image as the model sees it"',
        "image-rendering: pixelated",
    )


def shown(pixels: np.ndarray, alt: str) -> None:
    """An image (y x 3) uint8 as wide as there is room, within reason."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    _shown(image, f'alt="{escape(alt)}"', "width: 100%; max-width: 168px; image-rendering: pixelated")


def thumbnail(image: Image.Image, *, image_size: int = 320) -> None:
    """An uploaded image, small enough for the page."""
    small = upright(image).convert("RGB")
    small.thumbnail((2 * image_size, 2 * image_size))
    _shown(small, 'alt="The uploaded image"', f"max-width: min(100%, {image_size}px)")


def _shown(image: Image.Image, attributes: str, view: str) -> None:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    st.html(f'<img src="data:image/png;base64,{data}" {attributes} style="{view}; border-radius: 6px; display: block">')


def _stamp(run_id: str) -> int:
    """When the checkpoint was written; 0 where there is none."""
    try:
        return Results().run(run_id).checkpoint.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(show_spinner=False, max_entries=STORED)
def _loaded(run_id: str, version: tuple[str, int, int]) -> Loaded:
    """The run's model; `version` changes with its folder, its checkpoint and the library's own code."""
    return load(Results().run(run_id))
