"""Random resized crops of whole batches (Szegedy et al. 2015, Section 6), as torchvision and timm draw and resize."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

ATTEMPTS = 10  # boxes tried before the whole image is taken


def resized_crop(
    images: Tensor, scale: float, ratio: float, interpolation: str, generator: Generator, image_size: int | None = None
) -> Tensor:
    """A box of each image (b c y x, uint8 or floats from 0 to 255), resized to `image_size`; floats come out.

    Args:
        image_size: pixels of what comes out; None: the image's own.
        scale: smallest share of the image's area; the largest is all of it.
        ratio: largest of width to height; the smallest is its inverse.
        interpolation: "bilinear", "bicubic", or "random": one of the two for each image, as timm has it.
    """
    b, _, size, _ = images.shape
    boxes = draw_boxes(b, size, scale, ratio, generator)
    return resize_boxes(images, boxes, draw_bicubic(b, interpolation, generator), image_size)


def draw_bicubic(count: int, interpolation: str, generator: Generator) -> Tensor:
    """Which of `count` images are to be interpolated bicubically (b,)."""
    if interpolation == "random":
        return torch.rand(count, generator=generator) < 0.5
    return torch.full((count,), interpolation == "bicubic")


def draw_boxes(count: int, size: int, scale: float, ratio: float, generator: Generator) -> Tensor:
    """Top, left, height and width (4, b) of boxes within images of `size` x `size`: the first of ten that fits."""
    shape = (count, ATTEMPTS)
    area = size * size * (scale + (1 - scale) * torch.rand(shape, generator=generator, dtype=torch.float64))
    stretch = torch.exp((2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1) * math.log(ratio))
    width, height = (area * stretch).sqrt().round().long(), (area / stretch).sqrt().round().long()
    fits = (width <= size) & (height <= size) & (width > 0) & (height > 0)
    first = fits.int().argmax(1, keepdim=True)
    none = ~fits.any(1)
    width = width.gather(1, first)[:, 0].masked_fill(none, size)
    height = height.gather(1, first)[:, 0].masked_fill(none, size)
    place = torch.rand(2, count, generator=generator, dtype=torch.float64)
    top, left = (place[0] * (size - height + 1)).long(), (place[1] * (size - width + 1)).long()
    return torch.stack([top, left, height, width])


def resize_boxes(images: Tensor, boxes: Tensor, bicubic: Tensor, image_size: int | None = None) -> Tensor:
    """The boxes (4 b) of the images at `image_size` (None: their own), along rows, then columns, rounded after each.

    That is PIL's way, whose cubic has a slope of -0.5; what shrinks is smoothed by as much.
    """
    size, device = images.shape[-1], images.device
    image_size = image_size or size
    top, left, height, width = boxes
    across = _weights(left, width, size, bicubic, image_size).to(device)  # (b out in)
    down = _weights(top, height, size, bicubic, image_size).to(device)
    images = torch.matmul(images.float(), across.transpose(1, 2)[:, None]).add(0.5).floor().clamp(0, 255)
    return torch.matmul(down[:, None], images).add(0.5).floor().clamp(0, 255)


def _weights(start: Tensor, length: Tensor, size: int, bicubic: Tensor, out: int) -> Tensor:
    """What each of `out` pixels takes of each of `size` input pixels within the box, (b out in); rows sum to 1."""
    step = length / out
    middle = start[:, None] + (torch.arange(out) + 0.5) * step[:, None]
    pixels = torch.arange(size)
    far = (pixels + 0.5 - middle[:, :, None]).abs() / step.clamp(min=1)[:, None, None]
    linear = (1 - far).clamp(min=0)
    cubic = torch.where(far < 1, (1.5 * far - 2.5) * far * far + 1, ((-0.5 * far + 2.5) * far - 4) * far + 2)
    weights = torch.where(bicubic[:, None, None], cubic * (far < 2), linear)
    inside = (pixels >= start[:, None]) & (pixels < (start + length)[:, None])
    weights = weights * inside[:, None]
    return weights / weights.sum(2, keepdim=True)
