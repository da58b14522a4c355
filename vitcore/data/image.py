"""A drawn or uploaded picture made into one of a dataset's own, as its evaluation transform would have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from vitcore.data.ink import centred
from vitcore.data.registry import DATASETS
from vitcore.data.storage.decode import DAMAGED, opaque, square, upright
from vitcore.data.storage.depth import OtherScale
from vitcore.errors import Refusal

if TYPE_CHECKING:
    from torch import Tensor

SMALL = 512  # handwriting is looked at no larger than this
CLOTH = 0.08  # of the brightest: what is darker is background


def prepare(picture: Image.Image, name: str, side: int | None = None) -> Tensor:
    """(c y x) uint8, as the dataset's pictures are before they are normalised, at `side` pixels (empty: its own).

    Handwriting may be ink on paper or chalk on a board, with or without transparency: it is cropped, scaled into a
    20x20 box and centred by mass in 28x28, as MNIST's was. Other pictures lose what a centred square leaves out.

    Raises:
        Refusal: there is nothing on the picture, or it cannot be read.
    """
    import torch

    from vitcore.data.resize import resized

    dataset = DATASETS[name]
    wanted = side or dataset.side
    try:
        if dataset.made == "digit":
            array = centred(_ink(picture))[None]
            if not array.any():
                raise Refusal("there is nothing drawn on the picture; draw a digit with a thick stroke")
            array = resized(array[None], wanted)[0]
        elif dataset.made == "garment":
            array = _on_black(picture, wanted)[None]
        else:
            array = square(upright(picture), wanted, dataset.channels)
    except OtherScale as error:
        raise Refusal(f"the picture {error}") from None
    except DAMAGED as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"the picture cannot be read ({error}); save it as PNG or JPEG and try again") from error
    return torch.from_numpy(np.array(array))  # a copy: PIL hands out pixels that cannot be written


def _ink(picture: Image.Image) -> np.ndarray:
    """How much ink is on each place (y x), from 0 to 1, whichever of ink and paper is the darker."""
    picture = upright(picture)
    picture.thumbnail((SMALL, SMALL))
    if picture.has_transparency_data:
        layers = np.asarray(picture.convert("RGBA"), dtype=np.float32) / 255
        opaque = layers[..., 3]
        if opaque.min() < 0.5:  # on glass: whatever is opaque was drawn
            return opaque
    grey = np.asarray(picture.convert("L"), dtype=np.float32) / 255
    paper = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    ink = np.abs(grey - paper)
    ink[(grey - paper) * (1 if paper < 0.5 else -1) < 0] = 0  # shadows beyond the paper's own tone are not ink
    strongest = float(ink.max())
    return ink / strongest if strongest > 0.1 else np.zeros_like(ink)


def _on_black(picture: Image.Image, side: int) -> np.ndarray:
    """A garment (y x) bright on black, filling the square as Fashion-MNIST's do (Xiao et al. 2017, Section 2)."""
    grey = opaque(upright(picture)).convert("L")
    edge = np.asarray(grey, dtype=np.float32)
    if np.median(np.concatenate([edge[0], edge[-1], edge[:, 0], edge[:, -1]])) > 127:
        grey = ImageOps.invert(grey)
    shape = grey.point(lambda value: 255 if value > 255 * CLOTH else 0).getbbox()
    if shape is None:
        raise Refusal("there is nothing on the picture; show one garment on a plain background")
    return np.asarray(ImageOps.pad(grey.crop(shape), (side, side), Image.Resampling.LANCZOS, color=0))
