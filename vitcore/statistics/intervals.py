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
import scipy.special
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
    center, low, high = (
        float(interval[0]) for interval in _intervals(known[:, None], scale, spread, images, confidence)
    )
    return Interval(center, low, high)


class Band(NamedTuple):
    """An interval at each of several points, arrays (points); NaN where too few values say nothing."""

    center: np.ndarray
    low: np.ndarray
    high: np.ndarray


def typical_band(
    values: ArrayLike, scale: Scale = PERCENT, *, images: int | None = None, confidence: float = 0.95
) -> Band:
    """`typical_interval` at each point of several curves, so that a curve ends in the interval of its table's cell.

    Args:
        values: (runs points); what is no number is left out of its point.
    """
    array = np.asarray(values, dtype=float)
    array = np.sort(np.where(np.isfinite(array), array, np.nan), axis=0)  # NaN comes last
    counts = np.isfinite(array).sum(axis=0)
    found = np.full((3, array.shape[1]), np.nan)
    for count in np.unique(counts[counts > 0]):
        points = counts == count
        found[:, points] = _intervals(array[:count, points], scale, UNKNOWN, images, confidence)
    return Band(*found)


def _intervals(
    values: np.ndarray, scale: Scale, spread: Spread, images: int | None, confidence: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Center, low and high of each column of values (n k), all of which are numbers; of one value there are no ends."""
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged journal may hold anything
        center = np.median(values, axis=0)
        on_scale = scale.to(values, images)
        middle = np.median(on_scale, axis=0)
        noise = np.array([scale.resolution(item, images) for item in center])
        low, high = _ends(on_scale, noise, spread, confidence)
        more = t_limit(confidence, math.inf) ** 2 * noise
        low = scale.back(middle - np.hypot(np.maximum(middle - low, 0.0), np.sqrt(more)), images)
        high = scale.back(middle + np.hypot(np.maximum(high - middle, 0.0), np.sqrt(more)), images)
    known = np.isfinite(center)
    return (
        center,
        np.where(known, np.minimum(low, center), np.nan),
        np.where(known, np.maximum(high, center), np.nan),
    )


def _ends(on_scale: np.ndarray, noise: np.ndarray, spread: Spread, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """The interval's ends on the scale for each column of values (n k)."""
    count = len(on_scale)
    if count < 2:
        return np.full(len(noise), np.nan), np.full(len(noise), np.nan)
    if count >= FEWEST_FREE:
        return _between_values(np.sort(on_scale, axis=0), confidence)
    moderated = [spread.moderated(float(item), count - 1) for item in on_scale.var(axis=0, ddof=1)]
    limits = np.array([t_limit(confidence, degrees) for _, degrees in moderated])
    half = limits * np.sqrt(np.maximum([variance for variance, _ in moderated], noise) / count)
    return on_scale.mean(axis=0) - half, on_scale.mean(axis=0) + half


def _between_values(ordered: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Between two order statistics (n k), interpolated towards `confidence` (Hettmansperger and Sheather 1986)."""
    count = len(ordered)
    place, reached, beyond = _places(count, confidence)
    outer, inner = (ordered[place - 1], ordered[count - place]), (ordered[place], ordered[count - place - 1])
    share = (reached - confidence) / (reached - beyond)
    weight = (count - place) * share / (place + (count - 2 * place) * share)
    low, high = ((1 - weight) * out + weight * into for out, into in zip(outer, inner, strict=True))
    return low, high


@lru_cache(maxsize=512)
def _places(count: int, confidence: float) -> tuple[int, float, float]:
    """The largest d for which the d-th values from either end hold the median often enough; how often, and how often
    the next pair does."""

    def holds(place: int) -> float:
        return 1 - 2 * float(scipy.special.bdtr(place - 1, count, 0.5))

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
    return float(scipy.special.stdtrit(degrees, 0.5 + confidence / 2))
