"""Asking stored models about an image, and the image as they see it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pages.shared.inline_image import inline_image
from pages.shared.loaded_models import loaded
from vitcore.data.storage.decode import upright
from vitcore.errors import UserError
from vitcore.runs.predict import Prediction, predict


def ask(run_id: str, image: Image.Image) -> Prediction | str:
    """What the run's model makes of the image, or the sentence why it makes nothing of it."""
    try:
        return predict(loaded(run_id), image)
    except UserError as error:
        return str(error)


def prepared_image(answer: Prediction, *, image_size: int = 112) -> None:
    """The image as the model saw it, its pixels as squares."""
    inline_image(
        Image.fromarray(np.ascontiguousarray(answer.prepared)),
        f'width="{image_size}" height="{image_size}" alt="The image as the model sees it"',
        "image-rendering: pixelated",
    )


def thumbnail(image: Image.Image, *, image_size: int = 320) -> None:
    """An uploaded image, small enough for the page."""
    small = upright(image).convert("RGB")
    small.thumbnail((2 * image_size, 2 * image_size))
    inline_image(
        small,
        'alt="The uploaded image"',
        f"max-width: min(100%, {image_size}px); border: 1px solid color-mix(in srgb, currentColor 15%, transparent)",
    )
