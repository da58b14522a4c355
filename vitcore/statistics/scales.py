"""The scale on which a metric's spread is alike at every height: logits of shares, logarithms of what is above 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

NEAREST = 1e-6
"""How near a share comes to 0 or 1, where the number of test images is not known: a logit has no value there."""


@dataclass(frozen=True)
class Scale:
    """How values are carried to a scale of no ends, and back.

    "share": of `top` (100 for percent), by its logit, so that no interval reaches below 0 or above `top`; "positive"
    (losses, seconds): by its logarithm; "real": as it is.
    """

    kind: Literal["share", "positive", "real"]
    top: float = 1.0

    def to(self, values: ArrayLike, images: int | None = None) -> np.ndarray:
        """Values on the scale; with the number of test images, half an image is added to either side (Haldane 1955)."""
        array = np.asarray(values, dtype=float)
        if self.kind == "real":
            return array
        if self.kind == "positive":
            return np.asarray(np.log(np.maximum(array, NEAREST)))
        share = self._inside(array / self.top, images)
        return np.asarray(np.log(share / (1 - share)))

    def back(self, on_scale: ArrayLike, images: int | None = None) -> np.ndarray:
        """The values of `to` again."""
        array = np.asarray(on_scale, dtype=float)
        if self.kind == "real":
            return array
        if self.kind == "positive":
            return np.asarray(np.exp(array))
        share = 1 / (1 + np.exp(-np.clip(array, -700, 700)))
        if images:
            share = np.clip((share * (images + 1) - 0.5) / images, 0, 1)
        found: np.ndarray = self.top * share
        return found

    def resolution(self, value: float, images: int | None) -> float:
        """Variance on the scale of one run's value over so many test images: a binomial count has it at least."""
        if self.kind != "share" or not images:
            return 0.0
        share = float(self._inside(np.asarray(value / self.top), images))
        return 1 / (images * share * (1 - share))

    def nested(self, a: float, b: float, images: int | None) -> float:
        """The least variance on the scale of a difference between two classifiers on the same images.

        A difference of Δ takes at least Δ·N images that one has right and the other wrong, and their number varies as
        a count does: Δ(1 - Δ) / N (McNemar 1947). Two that err on images apart have more.
        """
        if self.kind != "share" or not images:
            return 0.0
        gap, middle = abs(a - b) / self.top, float(self._inside(np.asarray((a + b) / 2 / self.top), images))
        return max(gap, 1 / images) * (1 - gap) / images / (middle * (1 - middle)) ** 2

    @staticmethod
    def _inside(share: np.ndarray, images: int | None) -> np.ndarray:
        if images:
            return np.asarray((np.clip(share, 0, 1) * images + 0.5) / (images + 1))
        return np.asarray(np.clip(share, NEAREST, 1 - NEAREST))


PERCENT, SHARE, POSITIVE, REAL = Scale("share", 100.0), Scale("share"), Scale("positive"), Scale("real")
