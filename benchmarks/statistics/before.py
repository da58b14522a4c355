"""The methods that the statistics had before, kept to be measured beside those of now."""

from __future__ import annotations

import bisect
import math

import numpy as np
import scipy.stats


def t_interval(values: np.ndarray) -> tuple[float, float]:
    """Student's interval of the mean, in the values' own unit: it reaches below 0 where they are few."""
    half = scipy.stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return values.mean() - half, values.mean() + half


def f_test(values: np.ndarray) -> float:
    """p of the F-test with blocks taken out, which takes the spread of all rows for one; values: rows x seeds."""
    rows, seeds = values.shape
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    between = seeds * float(((values.mean(axis=1) - values.mean()) ** 2).sum()) / (rows - 1)
    within = float((rest**2).sum()) / ((rows - 1) * (seeds - 1))
    return float(scipy.stats.f.sf(between / within, rows - 1, (rows - 1) * (seeds - 1)))


def friedman(values: np.ndarray, random: np.random.Generator, shuffles: int = 400) -> float:
    """p of Friedman's test by shuffling ranks within seeds; values: rows x seeds."""
    return _shuffled(scipy.stats.rankdata(values, axis=0), random, shuffles)


def permutation(values: np.ndarray, random: np.random.Generator, shuffles: int = 400) -> float:
    """p of the rows' sums by shuffling values within seeds; values: rows x seeds."""
    return _shuffled(values, random, shuffles)


def _shuffled(values: np.ndarray, random: np.random.Generator, shuffles: int) -> float:
    centered = values - values.mean(axis=0)
    order = np.argsort(random.random((shuffles, *values.shape)), axis=1)
    shuffled = np.take_along_axis(np.broadcast_to(centered, order.shape), order, axis=1)
    known, by_chance = (centered.sum(axis=1) ** 2).sum(), (shuffled.sum(axis=2) ** 2).sum(axis=1)
    return float((1 + (by_chance >= known - 1e-9).sum()) / (shuffles + 1))


def against_reference(values: np.ndarray) -> list[float]:
    """p of the paired t-test of each row against the first, in points; values: rows x seeds."""
    return [float(scipy.stats.ttest_rel(row, values[0]).pvalue) for row in values[1:]]


def seeds_needed(values: np.ndarray, power: float = 0.8) -> int:
    """One number, as if the truth were what these paired differences show."""
    size = abs(float(values.mean())) / float(values.std(ddof=1))

    def enough(count: int) -> bool:
        limit = scipy.stats.t.ppf(0.975, count - 1)
        return bool(scipy.stats.nct.sf(limit, count - 1, size * math.sqrt(count)) >= power)

    return bisect.bisect_left(range(10_000), True, lo=2, key=enough)
