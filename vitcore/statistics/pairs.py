"""Two rows against each other, seed by seed; of a table all pairs, with Holm's correction over all of them.

Runs of one seed share weights, subset and order, so they are compared in pairs (Bouthillier et al. 2021, "Accounting
for variance in machine learning benchmarks"). Below three pairs there is no test and no claim.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from vitcore.statistics.intervals import NOTHING, Interval, t_limit
from vitcore.statistics.proportions import wilson
from vitcore.statistics.scales import PERCENT, Scale
from vitcore.statistics.spread import UNKNOWN, Spread, pooled

FEWEST_PAIRS = 3


@dataclass(frozen=True)
class Pair:
    """What two rows' common seeds say: the difference a - b in the values' unit, its p, and how many pairs there are.

    `size` is the difference on the scale in standard deviations of one pair, `degrees` those behind that deviation:
    what the number of seeds still needed is reckoned from.
    """

    difference: Interval
    p: float
    count: int
    size: float = math.nan
    degrees: float = 0.0


def compare(
    a: ArrayLike,
    b: ArrayLike,
    scale: Scale = PERCENT,
    *,
    spread: Spread = UNKNOWN,
    images: int | None = None,
    confidence: float = 0.95,
) -> Pair:
    """Student's paired t-test on `scale`, its spread moderated by the table's other pairs (Smyth 2004).

    A difference is never finer than the test set tells: the spread of a pair is at least the binomial error of its two
    runs, and the mean has that of the images on which the two must differ, however many seeds there are.

    Args:
        a, b: values by pair, in the same order; a pair of which either is no number is left out.
        spread: of the differences of comparable pairs, on `scale`.
        images: of the test set.

    Raises:
        ValueError: not as many on either side.
    """
    first, second = _both(a, b)
    count = len(first)
    if not count:
        return Pair(NOTHING, math.nan, 0)
    gaps = scale.to(first, images) - scale.to(second, images)
    level_a, level_b = float(np.median(first)), float(np.median(second))
    base, middle = float(scale.to(level_b, images)), float(gaps.mean())

    def points(gap: float) -> float:
        """A gap on the scale as a difference from what b has."""
        return float(scale.back(base + gap, images)) - level_b

    if count < FEWEST_PAIRS:
        return Pair(Interval(float((first - second).mean()), math.nan, math.nan), math.nan, count)
    variance, degrees = spread.moderated(float(gaps.var(ddof=1)), count - 1)
    variance = max(variance, scale.resolution(level_a, images) + scale.resolution(level_b, images))
    error = math.sqrt(variance / count + scale.nested(level_a, level_b, images))
    if error == 0:  # equal differences, of a metric that has no resolution: nothing tells how they would vary
        return Pair(Interval(points(middle), math.nan, math.nan), math.nan if middle else 1.0, count)
    half = t_limit(confidence, degrees) * error
    p = float(2 * scipy.special.stdtr(degrees, -abs(middle) / error))
    interval = Interval(points(middle), points(middle - half), points(middle + half))
    return Pair(interval, p, count, middle / math.sqrt(variance) if variance else math.nan, degrees)


def all_pairs(
    rows: Mapping[str, Mapping[int, float]], scale: Scale = PERCENT, *, images: int | None = None
) -> dict[tuple[str, str], Pair]:
    """Every pair of a column's rows over the seeds that both have; spreads are pooled over the pairs.

    Args:
        rows: by name, the values by seed of runs that finished and did not diverge.
    """
    shared = {
        (first, second): sorted(set(rows[first]) & set(rows[second]))
        for first, second in itertools.combinations(rows, 2)
    }
    gaps = {
        (first, second): scale.to([rows[first][seed] for seed in seeds], images)
        - scale.to([rows[second][seed] for seed in seeds], images)
        for (first, second), seeds in shared.items()
        if len(seeds) >= FEWEST_PAIRS
    }
    # Pairs share rows: together they have the degrees of all rows but one, of which each pair brings its own. One row's
    # are held back besides, so that three rows of three seeds keep their level (benchmarks/measured/tests.txt).
    most = max((len(seeds) - 1 for seeds in shared.values()), default=0) * max(len(rows) - 3, 0)
    spread = pooled(list(gaps.values()), most=most)
    return {
        (first, second): compare(
            [rows[first][seed] for seed in seeds],
            [rows[second][seed] for seed in seeds],
            scale,
            spread=spread,
            images=images,
        )
        for (first, second), seeds in shared.items()
    }


def holm(p_values: ArrayLike) -> np.ndarray:
    """p-values corrected for having looked at all of them (Holm 1979); NaN stays NaN and is not counted."""
    p = np.asarray(p_values, dtype=float)
    corrected = np.full(len(p), np.nan)
    order = [i for i in np.argsort(p) if not np.isnan(p[i])]
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p[i]))
        corrected[i] = highest
    return corrected


def probability_of_improvement(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Interval:
    """How likely a run of `a` is *lower* (error, seconds) than one of `b` with the same seed; ties count half.

    The interval is Wilson's: a bootstrap of three wins out of three would claim certainty.
    """
    first, second = _both(a, b)
    count = len(first)
    if not count:
        return NOTHING
    share = float(((first < second) + 0.5 * (first == second)).mean())
    return wilson(share, count, confidence)


def _both(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(a, dtype=float).ravel(), np.asarray(b, dtype=float).ravel()
    if len(first) != len(second):
        raise ValueError(f"pairs need equal numbers; {len(first)} were given beside {len(second)}")
    known = np.isfinite(first) & np.isfinite(second)
    return first[known], second[known]
