"""A map of weights laid over an image, in a scale whose steps people without red, green or blue cones tell apart."""

from __future__ import annotations

import numpy as np
from PIL import Image
from plotly.colors import hex_to_rgb, sequential

SCALE = np.array([hex_to_rgb(shade) for shade in sequential.Cividis], dtype=float)  # Nuñez et al. 2018: blue to yellow
OPACITY = 0.6
SIDE = 168  # pixels at least, so that a token is a square with sharp edges


def overlay(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The image under its map, (y x 3) uint8.

    The largest weight is the scale's bright end, none its dark one: what is compared is places, never images. One
    opacity throughout, so that what lies under a bright square is as well to be seen as elsewhere.

    Args:
        image: (y x) or (y x c) uint8, as a model saw it.
        weights: (rows columns), none negative; each is spread over its share of the image.
    """
    side = max(SIDE, *image.shape[:2])
    shown = Image.fromarray(np.ascontiguousarray(image)).convert("RGB").resize((side, side), Image.Resampling.NEAREST)
    shares = weights / max(float(weights.max()), 1e-12)
    places = shares * (len(SCALE) - 1)
    channels = [np.interp(places, np.arange(len(SCALE)), SCALE[:, channel]) for channel in range(3)]
    heat = Image.fromarray(np.stack(channels, axis=-1).round().astype(np.uint8))
    heat = heat.resize((side, side), Image.Resampling.NEAREST)
    return np.asarray(Image.blend(shown, heat, OPACITY))
