"""A drawn or uploaded image made into one of a dataset's own, as its evaluation transform would have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from vitcore.data.ink import centered
from vitcore.data.registry import DATASETS
from vitcore.data.storage.decode import DAMAGED, opaque, square, upright
from vitcore.data.storage.depth import OtherScale
from vitcore.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

SMALL = 512  # handwriting is looked at no larger than this
CLOTH = 0.08  # of the brightest: what is darker is background


def prepare(image: Image.Image, name: str, image_size: int | None = None, resize: str = "crop") -> Tensor:
    """(c y x) uint8, as the dataset's images are before they are normalized, at `image_size` pixels (empty: its own).

    Handwriting may be ink on paper or chalk on a board, with or without transparency: it is cropped, scaled into a
    20x20 box and centered by mass in 28x28, as MNIST's was. Other images lose what a centered square leaves out, or are
    stretched to one (`resize` "stretch").

    Raises:
        UserError: there is nothing on the image, or it cannot be read.
    """
    import torch

    from vitcore.data.resize import resized

    dataset = DATASETS[name]
    wanted = image_size or dataset.image_size
    try:
        if dataset.made == "digit":
            array = centered(_ink(image))[None]
            if not array.any():
                raise UserError("there is nothing drawn on the image; draw a digit with a thick stroke")
            array = resized(array[None], wanted)[0]
        elif dataset.made == "garment":
            array = _on_black(image, wanted)[None]
        else:
            array = square(upright(image), wanted, dataset.channels, resize)
    except OtherScale as error:
        raise UserError(f"the image {error}") from None
    except DAMAGED as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"the image cannot be read ({error}); save it as PNG or JPEG and try again") from error
    return torch.from_numpy(np.array(array))  # a copy: PIL hands out pixels that cannot be written


def _ink(image: Image.Image) -> np.ndarray:
    """How much ink is on each place (y x), from 0 to 1, whichever of ink and paper is the darker."""
    image = upright(image)
    image.thumbnail((SMALL, SMALL))
    if image.has_transparency_data:
        layers = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
        opaque = layers[..., 3]
        if opaque.min() < 0.5:  # on glass: whatever is opaque was drawn
            return opaque
    gray = np.asarray(image.convert("L"), dtype=np.float32) / 255
    paper = float(np.median(np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])))
    ink = np.abs(gray - paper)
    ink[(gray - paper) * (1 if paper < 0.5 else -1) < 0] = 0  # shadows beyond the paper's own tone are not ink
    strongest = float(ink.max())
    return ink / strongest if strongest > 0.1 else np.zeros_like(ink)


def _on_black(image: Image.Image, image_size: int) -> np.ndarray:
    """A garment (y x) bright on black, filling the square as Fashion-MNIST's do (Xiao et al. 2017, Section 2)."""
    gray = opaque(upright(image)).convert("L")
    edge = np.asarray(gray, dtype=np.float32)
    if np.median(np.concatenate([edge[0], edge[-1], edge[:, 0], edge[:, -1]])) > 127:
        gray = ImageOps.invert(gray)
    shape = gray.point(lambda value: 255 if value > 255 * CLOTH else 0).getbbox()
    if shape is None:
        raise UserError("there is nothing on the image; show one garment on a plain background")
    return np.asarray(ImageOps.pad(gray.crop(shape), (image_size, image_size), Image.Resampling.LANCZOS, color=0))
