"""Brightness, contrast, color and sharpness of whole batches, one factor an image, as PIL's ImageEnhance has them.

Images are (b c y x) floats that hold whole numbers from 0 to 255, and so is what comes out; factors are (b,): 1 leaves
an image as it is, 0 leaves what it is blended with. The fourteen operations of vitcore.data.rand_augment are the
RandAugment paper's and take one strength for all.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

LUMA = (19595, 38470, 7471)  # ITU-R 601-2 over 65536, as PIL converts to gray; exact in float32
KERNEL = ((1, 1, 1), (1, 5, 1), (1, 1, 1))  # of PIL's SMOOTH filter, over 13


def luma(images: Tensor) -> Tensor:
    """(b 1 y x), rounded: the gray of three channels; of any other number the first one."""
    if images.shape[1] != 3:
        return images[:, :1]
    weights = images.new_tensor(LUMA)[:, None, None]
    return (images * weights).sum(1, keepdim=True).add(32768).div(65536).floor()


def _blend(images: Tensor, other: Tensor, factors: Tensor) -> Tensor:
    """From `other` (factor 0) through the image (1) and beyond, cut off as PIL does."""
    return (other + factors[:, None, None, None] * (images - other)).clamp(0, 255).floor()


def brightness(images: Tensor, factors: Tensor) -> Tensor:
    """Toward black at 0: (b c y x), factors (b) -> (b c y x)."""
    return _blend(images, torch.zeros_like(images), factors)


def color(images: Tensor, factors: Tensor) -> Tensor:
    """Toward the gray image at 0: (b c y x), factors (b) -> (b c y x)."""
    return _blend(images, luma(images).expand_as(images), factors)


def contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Toward one gray, the image's mean, at 0: (b c y x), factors (b) -> (b c y x)."""
    mean = luma(images).mean((1, 2, 3), keepdim=True).add(0.5).floor()
    return _blend(images, mean.expand_as(images), factors)


def sharpness(images: Tensor, factors: Tensor) -> Tensor:
    """Toward a smoothed image at 0: (b c y x), factors (b) -> (b c y x)."""
    c = images.shape[1]
    kernel = images.new_tensor(KERNEL).div(13).expand(c, 1, 3, 3)
    blurred = images.clone()  # the outermost pixels stay, as in PIL
    blurred[:, :, 1:-1, 1:-1] = F.conv2d(images, kernel, groups=c).add(0.5).floor()
    return _blend(images, blurred, factors)
