"""Whole arrays of small images brought to another size."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from torch.nn import functional as F

ROWS = 4096  # a portion: keeps the working memory small


Pixels = TypeVar("Pixels", np.ndarray, torch.Tensor)


def center(images: Pixels, image_size: int) -> Pixels:
    """The centered square (..., y, x) of larger ones, as PIL's and timm's CenterCrop cut it; a view, no copy."""
    start = round((images.shape[-1] - image_size) / 2)
    return images[..., start : start + image_size, start : start + image_size]


def fitted(images: np.ndarray, image_size: int, resize: str) -> np.ndarray:
    """Images (n, c, y, x) uint8 at `image_size`: their centered squares, or, with "stretch", all of them."""
    height, width = images.shape[-2:]
    side = min(height, width)
    if resize != "stretch" and height != width:
        top, left = (height - side) // 2, (width - side) // 2
        images = images[..., top : top + side, left : left + side]
    return resized(images, image_size)


def resized(images: np.ndarray, image_size: int) -> np.ndarray:
    """Images (n, c, y, x) uint8 at `image_size` x `image_size`, smoothed where they shrink; as they are if they fit."""
    if images.shape[-2:] == (image_size, image_size):
        return images
    chunks = torch.from_numpy(np.ascontiguousarray(images)).split(ROWS)
    done = [F.interpolate(rows, (image_size, image_size), mode="bilinear", antialias=True) for rows in chunks]
    return torch.cat(done).numpy()
