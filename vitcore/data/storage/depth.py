"""Images of more than 8 bits a channel brought to 8, on the scale that their file names and never their pixels."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vitcore.errors import UserError

BITS, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0  # TIFF 6.0
SIXTEEN = 65535  # Pillow brings the 9 to 15 bits that PGM and JPEG 2000 may have to 16


class OtherScale(UserError):
    """Pixels of which nobody can say what is black and what is white; the sentence goes on after the file's name."""


def deep(image: Image.Image) -> bool:
    """Whether its pixels have more than the 8 bits that everything else here has."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def white(image: Image.Image) -> float:
    """What a deep image's white is: by its bits for whole numbers, 1 for fractions.

    To be asked of an image as it was opened: a copy no longer knows its file.

    Raises:
        OtherScale: whole numbers of 32 bits or with a sign.
    """
    if image.mode == "F":
        return 1.0
    if image.format == "TIFF" and image.mode != "I":
        bits = getattr(image, "tag_v2", {}).get(BITS, (16,))
        return float(2 ** int(bits[0]) - 1)
    if image.mode != "I" or image.format in ("PNG", "PPM"):
        return float(SIXTEEN)
    raise OtherScale(
        "holds whole numbers of 32 bits or with a sign, of which nobody can say what is white; save it with 8 or 16 "
        "bits a channel"
    )


def inverted(image: Image.Image) -> bool:
    """Whether its file says that 0 is white, which Pillow leaves to its reader in deep images."""
    tags = getattr(image, "tag_v2", {})
    return image.format == "TIFF" and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO


def eight_bits(image: Image.Image, white: float, inverted: bool = False) -> Image.Image:
    """A deep image as gray of 8 bits, `white` becoming 255; with its transparency, where it has a transparent value.

    Raises:
        OtherScale: fractions that leave 0 to 1.
    """
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F" and values.size and not (values.min() >= 0 and values.max() <= 1):  # NaN is neither
        raise OtherScale(
            f"holds fractions from {values.min():.4g} to {values.max():.4g}, and only those from 0 (black) to 1 "
            "(white) are read; scale them, or save it with 8 or 16 bits a channel"
        )
    gray = np.rint(values * (255 / white)).clip(0, 255).astype(np.uint8)
    found = Image.fromarray(255 - gray if inverted else gray, "L")
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        found.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8), "L"))
    return found
