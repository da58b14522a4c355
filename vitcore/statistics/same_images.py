"""Two runs on the same test images: whether either errs more often, and by how much, beyond the luck of these images.

It speaks of other test images drawn as these were, and of these two networks as they are; whether other seeds of the
two settings would say the same is another question (statistics.sequential). What both methods hold:
benchmarks/measured/images.txt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import scipy.special
from scipy.optimize import brentq

from vitcore.statistics.intervals import NOTHING, Interval
from vitcore.statistics.proportions import sign_test


@dataclass(frozen=True)
class Errors:
    """How two runs err on the same images.

    Attributes:
        images: how many there are.
        both: on which both err.
        first_alone, second_alone: on which only that one errs.
    """

    images: int
    both: int
    first_alone: int
    second_alone: int

    def __post_init__(self) -> None:
        counts = (self.both, self.first_alone, self.second_alone)
        if min(counts) < 0 or sum(counts) > self.images:
            raise ValueError(f"{counts} images with errors out of {self.images}")

    @property
    def p(self) -> float:
        """Two-sided p that either errs as often: McNemar's test (Psychometrika 12, 1947), by the exact binomial."""
        return sign_test(self.first_alone, self.second_alone)

    def difference(self, confidence: float = 0.95) -> Interval:
        """Error rate of the first minus the second's, from -1 to 1, with its interval; of no image: all NaN.

        The score interval for paired proportions (Tango, Statistics in Medicine 17, 1998): the differences that the
        score test does not reject. It keeps its level where few images tell the two apart, and where none does.
        """
        if not self.images:
            return NOTHING
        limit = float(scipy.special.ndtri(0.5 + confidence / 2))
        middle = (self.first_alone - self.second_alone) / self.images

        def beyond(difference: float) -> float:
            return self._score(difference) ** 2 - limit**2

        low = -1.0 if beyond(-1 + 1e-12) < 0 else brentq(beyond, -1 + 1e-12, middle)
        high = 1.0 if beyond(1 - 1e-12) < 0 else brentq(beyond, middle, 1 - 1e-12)
        return Interval(middle, float(low), float(high))

    def _score(self, difference: float) -> float:
        """How many standard deviations the counts lie from a true difference of this size, both as likely as can be."""
        n, first, second = self.images, self.first_alone, self.second_alone
        a, b = 2 * n, (2 * n - first + second) * difference - first - second
        root = math.sqrt(max(b * b + 4 * a * second * difference * (1 - difference), 0.0))
        rate = (root - b) / (2 * a)  # of the second's erring alone, given the difference
        variance = n * max(2 * rate + difference * (1 - difference), 0.0)
        away = first - second - n * difference
        if not variance:
            return 0.0 if not away else math.copysign(math.inf, away)
        return away / math.sqrt(variance)
