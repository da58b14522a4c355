"""Affine maps of whole batches in pixels, as PIL's Image.transform has them: bilinear or bicubic, a color beyond."""

from __future__ import annotations

import torch
from torch import Tensor


def transform(images: Tensor, maps: Tensor, fill: Tensor, *, bicubic: bool) -> Tensor:
    """Each image (b c y x) looked up where its map (b 2 3) leads from an output pixel's middle; whole numbers come out.

    Neighbors beyond the edge are the edge's own; a middle that lies outside gets `fill` (c,). PIL's bicubic polynomial
    has a slope of -1 (its Geometry.c), not the -0.5 of its resizing nor torch's -0.75.
    """
    b, c, height, width = images.shape
    ys = torch.arange(height, device=images.device) + 0.5
    xs = torch.arange(width, device=images.device) + 0.5
    at = maps[:, :, 0, None, None] * xs + maps[:, :, 1, None, None] * ys[:, None] + maps[:, :, 2, None, None]
    x, y = at[:, 0], at[:, 1]  # (b y x) each
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    columns, across = _taps(x - 0.5, width, bicubic)
    rows, down = _taps(y - 0.5, height, bicubic)
    flat = images.reshape(b, c, height * width)
    found = torch.zeros_like(images)
    for row, row_weight in zip(rows, down, strict=True):
        line = torch.zeros_like(images)
        for column, column_weight in zip(columns, across, strict=True):
            index = (row * width + column).reshape(b, 1, height * width).expand(b, c, height * width)
            line += flat.gather(2, index).reshape(b, c, height, width) * column_weight[:, None]
        found += line * row_weight[:, None]
    return torch.where(inside[:, None], found.clamp(0, 255).floor(), fill[:, None, None])


def _taps(places: Tensor, size: int, bicubic: bool) -> tuple[list[Tensor], list[Tensor]]:
    """Pixels around each place on one axis and their weights, which sum to 1."""
    base = places.floor()
    d = places - base
    if bicubic:
        weights = [d * (-1 + d * (2 - d)), 1 + d * d * (d - 2), d * (1 + d * (1 - d)), d * d * (d - 1)]
    else:
        weights = [1 - d, d]
    first = -1 if bicubic else 0
    indices = [(base + first + tap).clamp(0, size - 1).long() for tap in range(len(weights))]
    return indices, weights
