"""Handwriting brought into MNIST's form: a 20x20 box, centered by mass in 28x28, white ink on black."""

from __future__ import annotations

import numpy as np
from PIL import Image

BOX, FIELD = 20, 28  # LeCun et al. 1998, section III.A
FAINT = 0.1  # below this share of the darkest ink a pixel counts as paper


def centered(ink: np.ndarray) -> np.ndarray:
    """MNIST's way with one image.

    Takes ink (y, x) from 0, paper, to 1, full ink, of any size; returns (28, 28) uint8. Blank paper stays blank.
    """
    inked = ink > FAINT * max(float(ink.max()), 1e-6)
    if not inked.any():
        return np.zeros((FIELD, FIELD), np.uint8)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    height, width = (max(1, round(length * scale)) for length in ink.shape)
    small = np.asarray(
        Image.fromarray(ink.astype(np.float32), "F").resize(
            (width, height), Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
        )
    ).clip(0, 1)
    mass = small.sum()
    center = [(small.sum(axis=1 - axis) * np.arange(small.shape[axis])).sum() / mass for axis in (0, 1)]
    field = np.zeros((FIELD, FIELD), np.float32)
    # The center of mass goes to pixel 14, as in MNIST's own, as far as the strokes stay on the field.
    top, left = (
        int(np.clip(round(FIELD / 2 - middle), 0, FIELD - length))
        for middle, length in zip(center, small.shape, strict=True)
    )
    field[top : top + height, left : left + width] = small
    return np.rint(field * 255).astype(np.uint8)
