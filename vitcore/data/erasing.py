"""Random erasing of normalized batches as timm has it: boxes of zeros, of one random color, or of random pixels.

Zhong et al. 2020 as in timm/data/random_erasing.py of timm 1.0: a box has 2 to 33 % of the image (divided by the number
of boxes) and an aspect of 0.3 to 1/0.3, drawn anew until it fits, ten times at most.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

ATTEMPTS = 10
SMALLEST, LARGEST = 0.02, 1 / 3  # share of the image's area
ASPECT = 0.3


def erase_boxes(images: Tensor, p: float, mode: str, most: int, generator: Generator) -> Tensor:
    """Up to `most` boxes of each image (b c y x) erased with probability `p`.

    Args:
        mode: what a box is filled with: "const": zeros; "rand": one normal value a channel; "pixel": one a pixel.
    """
    b, c, size, _ = images.shape
    erased = torch.rand(b, generator=generator) < p
    counts = torch.randint(1, most + 1, (b,), generator=generator)
    for number in range(most):
        top, left, height, width = draw_boxes(counts, size, generator)
        hit = torch.nonzero(erased & (counts > number) & (height > 0)).flatten()
        if not len(hit):
            continue
        inside = _inside(top[hit], left[hit], height[hit], width[hit], size)[:, None].to(images.device)  # (hits 1 y x)
        there = hit.to(images.device)
        if mode == "pixel":
            fill = torch.randn(c * int((height[hit] * width[hit]).sum()), generator=generator).to(images)
            changed = images[there].masked_scatter(inside.expand(-1, c, -1, -1), fill)
        else:
            shape = (len(hit), c, 1, 1)
            fill = torch.randn(shape, generator=generator) if mode == "rand" else torch.zeros(shape)
            changed = torch.where(inside, fill.to(images), images[there])
        images = images.index_copy(0, there, changed)
    return images


def draw_boxes(counts: Tensor, size: int, generator: Generator) -> Tensor:
    """Top, left, height and width (4, b) of a box for each image of `size` x `size`; height 0 where none would fit.

    Args:
        counts: boxes of each image (b,), which share the area.
    """
    shape = (len(counts), ATTEMPTS)
    share = SMALLEST + (LARGEST - SMALLEST) * torch.rand(shape, generator=generator, dtype=torch.float64)
    area = share * size * size / counts[:, None]
    aspect = torch.exp((2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1) * math.log(1 / ASPECT))
    height, width = (area * aspect).sqrt().round().long(), (area / aspect).sqrt().round().long()
    fits = (height < size) & (width < size)
    first = fits.int().argmax(1, keepdim=True)
    none = ~fits.any(1)
    height, width = (image_size.gather(1, first)[:, 0].masked_fill(none, 0) for image_size in (height, width))
    place = torch.rand(2, len(counts), generator=generator, dtype=torch.float64)
    top, left = (place[0] * (size - height + 1)).long(), (place[1] * (size - width + 1)).long()
    return torch.stack([top, left, height, width])


def _inside(top: Tensor, left: Tensor, height: Tensor, width: Tensor, size: int) -> Tensor:
    """True within each box (b y x)."""
    places = torch.arange(size)
    rows = (places >= top[:, None]) & (places < (top + height)[:, None])
    columns = (places >= left[:, None]) & (places < (left + width)[:, None])
    return rows[:, :, None] & columns[:, None, :]
