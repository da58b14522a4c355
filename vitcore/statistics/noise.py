"""How far runs that should agree lie apart: the noise of one run, from pairs that are mathematically the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import scipy.special

from vitcore.statistics.intervals import finite, t_limit


@dataclass(frozen=True)
class NoiseFloor:
    """How far runs that should agree lie apart.

    `deviation` is the standard deviation of a single run, [low, high] its 95 % interval, in the unit of the values;
    `degrees` are the degrees of freedom behind it.
    """

    deviation: float
    low: float
    high: float
    degrees: int

    def difference(self, runs: float = 1, other_runs: float = 1, confidence: float = 0.95) -> float:
        """The largest difference of two means, over so many runs each, that noise alone explains; inf: one is exact."""
        if not self.degrees:
            return math.nan
        return t_limit(confidence, self.degrees) * self.deviation * math.sqrt(1 / runs + 1 / other_runs)


def noise_floor(pairs: Sequence[tuple[float, float]]) -> NoiseFloor:
    """Noise of one run from pairs of runs that are mathematically the same: Var(a - b) is twice that of one run."""
    apart = finite([a - b for a, b in pairs])
    squares, degrees = float((apart**2).sum() / 2), len(apart)
    if not degrees:
        return NoiseFloor(math.nan, math.nan, math.nan, 0)
    low, high = (math.sqrt(squares / float(scipy.special.chdtri(degrees, 1 - q))) for q in (0.975, 0.025))
    return NoiseFloor(math.sqrt(squares / degrees), low, high, degrees)
