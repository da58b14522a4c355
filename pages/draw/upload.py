"""An image from a person's own files: its limits are checked here, since those in a browser are no limits."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from vitcore.errors import UserError

ENDINGS = ["png", "jpg", "jpeg", "webp", "bmp", "gif"]
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
MEGABYTES = 20
MEGAPIXELS = 50


def opened(name: str, data: bytes) -> Image.Image:
    """The image, whole.

    Raises:
        UserError: it is too large in bytes or pixels, or no image of a format that is read.
    """
    shown = name[-60:]
    if len(data) > MEGABYTES << 20:
        raise UserError(f"{shown} has {len(data) / (1 << 20):.0f} MB; an image may have {MEGABYTES}")
    unread = f"{shown} cannot be read as an image; save it as PNG or JPEG and try again"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit stands below
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise UserError(unread) from None
    if image.width * image.height > MEGAPIXELS * 1_000_000:
        raise UserError(
            f"{shown} has {image.width:,} x {image.height:,} pixels; an image may have {MEGAPIXELS} million"
        )
    try:
        image.load()
    except (OSError, SyntaxError, ValueError):
        raise UserError(unread) from None
    return image
