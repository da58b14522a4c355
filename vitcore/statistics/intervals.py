"""The interval of a typical run's value: the median over seeds, on the scale where spreads are alike.

Up to five seeds: Student's t about the mean on that scale, with the spread moderated by comparable cells
(statistics.spread). From six on: between the seeds' own values, whatever their distribution, since runs that get stuck
have none that is known (Hettmansperger and Sheather 1986). What both cover: benchmarks/measured/coverage.txt.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from vitcore.statistics.scales import PERCENT, Scale
from vitcore.statistics.spread import UNKNOWN, Spread

FEWEST_FREE = 6
"""Seeds from which the interval rests on no distribution: of five, smallest and largest hold the median in 93.75 %."""


class Interval(NamedTuple):
    """A center and its interval, in the unit of the values; the ends are NaN where too few values say nothing."""

    center: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there were enough values for an interval."""
        return not (math.isnan(self.low) or math.isnan(self.high))


NOTHING = Interval(math.nan, math.nan, math.nan)


def typical_interval(
    values: ArrayLike,
    scale: Scale = PERCENT,
    *,
    spread: Spread = UNKNOWN,
    images: int | None = None,
    confidence: float = 0.95,
) -> Interval:
    """The median over seeds and the interval in which the median over all seeds lies.

    Args:
        values: one a seed; those that are no numbers are left out. None: all NaN; one: the ends are NaN.
        spread: of the comparable cells, on `scale`.
        images: of the test set; its binomial error is part of the interval, and no spread is believed to be less.
    """
    known = finite(values)
    if not len(known):
        return NOTHING
    with np.errstate(over="ignore"):  # a damaged journal may hold anything
        center = float(np.median(known))
    if len(known) < 2 or not math.isfinite(center):
        return Interval(center, math.nan, math.nan)
    on_scale, noise = scale.to(known, images), scale.resolution(center, images)
    if len(known) < FEWEST_FREE:
        variance, degrees = spread.moderated(float(on_scale.var(ddof=1)), len(known) - 1)
        half = t_limit(confidence, degrees) * math.sqrt(max(variance, noise) / len(known))
        low, high = on_scale.mean() - half, on_scale.mean() + half
    else:
        low, high = _between_values(np.sort(on_scale), confidence)
    middle = float(np.median(on_scale))
    more = t_limit(confidence, math.inf) ** 2 * noise
    low = middle - math.hypot(max(middle - low, 0.0), math.sqrt(more))
    high = middle + math.hypot(max(high - middle, 0.0), math.sqrt(more))
    ends = scale.back([low, high], images)
    return Interval(center, min(float(ends[0]), center), max(float(ends[1]), center))


def _between_values(ordered: np.ndarray, confidence: float) -> tuple[float, float]:
    """Between two order statistics, interpolated towards `confidence` (Hettmansperger and Sheather 1986)."""
    count = len(ordered)
    place, reached, beyond = _places(count, confidence)
    outer, inner = (ordered[place - 1], ordered[count - place]), (ordered[place], ordered[count - place - 1])
    share = (reached - confidence) / (reached - beyond)
    weight = (count - place) * share / (place + (count - 2 * place) * share)
    low, high = ((1 - weight) * out + weight * into for out, into in zip(outer, inner, strict=True))
    return float(low), float(high)


@lru_cache(maxsize=512)
def _places(count: int, confidence: float) -> tuple[int, float, float]:
    """The largest d for which the d-th values from either end hold the median often enough; how often, and how often
    the next pair does."""

    def holds(place: int) -> float:
        return 1 - 2 * float(scipy.stats.binom.cdf(place - 1, count, 0.5))

    place = 1
    while place + 1 <= count // 2 and holds(place + 1) >= confidence:
        place += 1
    return place, holds(place), holds(place + 1)


def finite(values: ArrayLike) -> np.ndarray:
    """The values that are numbers, in their order."""
    array: np.ndarray = np.asarray(values, dtype=float).ravel()
    return np.asarray(array[np.isfinite(array)])


@lru_cache(maxsize=1024)
def t_limit(confidence: float, degrees: float) -> float:
    """Student's t that `confidence` of its distribution lies within."""
    return float(scipy.stats.t.ppf(0.5 + confidence / 2, degrees))


def half_widths(counts: ArrayLike, deviations: ArrayLike, confidence: float = 0.95) -> np.ndarray:
    """Half of Student's t-interval of many means at once, for bands about curves of any unit.

    Args:
        counts: over how many values each mean is taken; NaN comes out where that is one.
        deviations: the values' standard deviations (n - 1 in the denominator).
    """
    many = np.asarray(counts, dtype=float)
    spread = np.where(many > 1, np.asarray(deviations, dtype=float), np.nan)
    factors: np.ndarray = scipy.stats.t.ppf(0.5 + confidence / 2, np.maximum(many - 1, 1))
    return np.asarray(factors * spread / np.sqrt(many))
