"""A drawn or uploaded image made into one of a dataset's own, as its evaluation transform would have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from vitcore.data.illumination import chalk, evened, uneven
from vitcore.data.ink import centered
from vitcore.data.registry import DATASETS
from vitcore.data.storage.decode import DAMAGED, opaque, square, upright
from vitcore.data.storage.depth import OtherScale
from vitcore.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

SMALL = 512  # handwriting is looked at no larger than this
CLOTH = 0.08  # of the brightest: what is darker is background


def prepare(
    image: Image.Image, name: str, image_size: int | None = None, resize: str = "crop", crop_from: int | None = None
) -> Tensor:
    """(c y x) uint8, as the dataset's images are before they are normalized, at `image_size` pixels (empty: its own).

    Handwriting may be ink on paper or chalk on a board, with or without transparency: it is cropped, scaled into a
    20x20 box and centered by mass in 28x28, as MNIST's was. Other images lose what a centered square leaves out, or are
    stretched to one (`resize` "stretch"). With `crop_from` they are brought to that size and the center is cut out.

    Raises:
        UserError: there is nothing on the image, or it cannot be read.
    """
    import torch

    from vitcore.data.resize import center

    dataset = DATASETS[name]
    inner = image_size or dataset.image_size
    wanted = crop_from or inner
    try:
        if dataset.made == "digit":
            array = handwriting(image, wanted)
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
    return torch.from_numpy(np.array(center(array, inner)))  # a copy: PIL hands out pixels that cannot be written


def handwriting(image: Image.Image, image_size: int) -> np.ndarray:
    """A digit (1 y x) uint8 in MNIST's form, at `image_size` pixels. Raises UserError where nothing is to be seen."""
    from vitcore.data.resize import resized

    array = centered(_ink(image))[None]
    if not array.any():
        raise UserError("there is nothing drawn on the image; draw a digit with a thick stroke")
    digit: np.ndarray = resized(array[None], image_size)[0]
    return digit


class Step(NamedTuple):
    """A stage on the way from an image to what a network sees: what it is called, and (y x) uint8."""

    label: str
    pixels: np.ndarray


def digit_steps(image: Image.Image) -> list[Step]:
    """How handwriting becomes ink: the image in gray, and, where its paper is lit unevenly, its light and what is left
    without it; last the ink. Raises UserError where it cannot be read."""
    try:
        gray, ink = _gray(image)
        found = [Step("In gray", gray)]
        if ink is None and uneven(gray):
            light = evened(gray)
            found += [Step("Its light", light.light), Step("Without it", light.flat)]
            ink = light.ink
        found.append(Step("Ink", plain_ink(gray) if ink is None else ink))
    except DAMAGED as error:
        raise UserError(f"the image cannot be read ({error}); save it as PNG or JPEG and try again") from error
    return [Step(label, np.rint(255 * pixels).astype(np.uint8)) for label, pixels in found]


def _ink(image: Image.Image) -> np.ndarray:
    """How much ink is on each place (y x), from 0 to 1, whichever of ink and paper is the darker."""
    gray, ink = _gray(image)
    if ink is not None:
        return ink
    return evened(gray).ink if uneven(gray) else plain_ink(gray)


def plain_ink(gray: np.ndarray) -> np.ndarray:
    """Ink (y x) of a gray image whose paper, lighter than the ink, is of one brightness."""
    ink = np.maximum(_paper(gray) - gray, 0)  # what is lighter than the paper is no ink
    strongest = float(ink.max())
    return ink / strongest if strongest > 0.1 else np.zeros_like(ink)


def _gray(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    """The image in gray (y x) from 0 to 1, its ink darker than its paper; and the ink where that is known already."""
    image = upright(image)
    image.thumbnail((SMALL, SMALL))
    drawn = None
    if image.has_transparency_data:
        layers = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
        drawn = layers[..., 3] if layers[..., 3].min() < 0.5 else None  # on glass: whatever is opaque was drawn
    gray = np.asarray(image.convert("L"), dtype=np.float32) / 255
    if drawn is not None:
        return 1 - drawn, drawn
    return (1 - gray if _is_board(gray) else gray), None


def _paper(gray: np.ndarray) -> float:
    """How bright the paper is, by its edges."""
    return float(np.median(np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])))


def _is_board(gray: np.ndarray) -> bool:
    """Whether what is written is lighter than what it is written on; a paper that is only badly lit is none."""
    return _paper(gray) < 0.5 and (not uneven(1 - gray) or chalk(gray))


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
