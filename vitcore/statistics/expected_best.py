"""What the best of so many trials is expected to come to: an estimate from more trials, with its interval.

Dodge et al. (EMNLP 2019, "Show Your Work") report the expected best validation score against the budget in place of the
best found. Their estimate draws from the trials with replacement and is pessimistic; Tang et al. (ACL 2020, "Showing
Your Work Doesn't Always Work") show that, and that bootstrap intervals fail where the budget nears the number of
trials. So the estimate here is the unbiased one of Tang et al., a mean over all ways to take so many of the trials, and
an interval is given up to a quarter of the trials alone. What both hold: benchmarks/measured/expected_best.txt.

All of it is of trials drawn independently of one another, such as a random search's. TPE's are not: of them the course
of each search is one observation, and several searches have a mean (`mean_course`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from vitcore.statistics.intervals import NOTHING, Interval

SHARE = 4
"""An interval is given for the best of up to a quarter of the trials."""

FEWEST = 8
"""Trials below which no interval is given."""

DRAWS = 2_000
CHUNK = 4_000_000  # numbers that are resampled at once
FEWEST_REPEATS = 3
PERCENT = 100.0  # no error is larger


@dataclass(frozen=True)
class Course:
    """The expected best after 1, 2, … trials, arrays (budget); an end is NaN where nothing sure can be said."""

    center: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def at(self, budget: int) -> Interval:
        """After so many trials."""
        if not 1 <= budget <= len(self.center):
            return NOTHING
        return Interval(*(float(each[budget - 1]) for each in (self.center, self.low, self.high)))


def known_to(trials: int) -> int:
    """The largest budget that has an interval; 0: none has."""
    return trials // SHARE if trials >= FEWEST else 0


def expected_best(errors: ArrayLike) -> np.ndarray:
    """The mean least of n errors over all ways to take n of them, for n from 1 to all, array (budget).

    Unbiased for the least of n independent draws; for n = all it is the least found, and one number.
    """
    ordered = np.sort(np.asarray(errors, dtype=float))
    return np.asarray(_weights(len(ordered)) @ ordered)


def expected_best_course(errors: ArrayLike, *, confidence: float = 0.95, seed: int = 0) -> Course:
    """`expected_best` with its interval: bootstrap percentiles, widened for few trials as t is beside z (Hesterberg,
    The American Statistician 69, 2015)."""
    values = np.asarray(errors, dtype=float)
    if not len(values):
        return Course(*(np.empty(0) for _ in range(3)))
    center = expected_best(values)
    low, high = np.full(len(values), math.nan), np.full(len(values), math.nan)
    known = known_to(len(values)) if np.ptp(values) else 0  # of equal errors nothing tells the spread
    if known:
        drawn = _resampled(values, known, seed)
        low[:known], high[:known] = np.quantile(drawn, _tails(len(values), confidence), axis=0)
    return Course(center, np.minimum(low, center), np.maximum(high, center))


def difference(first: ArrayLike, second: ArrayLike, budget: int, *, confidence: float = 0.95) -> Interval:
    """Expected best of the first minus the second's after so many trials each, with its interval.

    Nothing where either has too few trials for an interval at this budget.
    """
    left, right = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    fewest = min(len(left), len(right))
    if not 1 <= budget <= known_to(fewest) or not np.ptp(left) + np.ptp(right):
        return NOTHING
    center = float(expected_best(left)[budget - 1] - expected_best(right)[budget - 1])
    drawn = _resampled(left, budget, 1)[:, -1] - _resampled(right, budget, 2)[:, -1]
    low, high = np.quantile(drawn, _tails(fewest, confidence))
    return Interval(center, float(min(low, center)), float(max(high, center)))


def mean_course(best: ArrayLike, *, confidence: float = 0.95) -> Course:
    """The mean of several searches' best so far, with Student's interval from three searches on.

    Args:
        best: (searches budget) the least error so far of each search.
    """
    courses = np.asarray(best, dtype=float)
    center = courses.mean(0)
    if len(courses) < FEWEST_REPEATS:
        return Course(center, np.full_like(center, math.nan), np.full_like(center, math.nan))
    reach = scipy.special.stdtrit(len(courses) - 1, 0.5 + confidence / 2) * courses.std(0, ddof=1) / len(courses) ** 0.5
    reach = np.where(reach > 0, reach, math.nan)  # of equal searches nothing tells the spread
    return Course(center, np.maximum(center - reach, 0.0), np.minimum(center + reach, PERCENT))


def mean_difference(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Mean of the first minus the second's by Welch's interval; nothing where either has fewer than three values."""
    left, right = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if min(len(left), len(right)) < FEWEST_REPEATS:
        return NOTHING
    parts = [values.var(ddof=1) / len(values) for values in (left, right)]
    center, total = float(left.mean() - right.mean()), float(sum(parts))
    if total == 0:
        return NOTHING
    freedom = total**2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (left, right), strict=True) if part
    )
    reach = float(scipy.special.stdtrit(freedom, 0.5 + confidence / 2)) * total**0.5
    return Interval(center, center - reach, center + reach)


def _weights(trials: int) -> np.ndarray:
    """(budget trials): the share of all ways to take so many in which the i-th least error is the least taken."""
    place, budget = np.arange(1, trials + 1), np.arange(1, trials + 1)[:, None]
    return np.asarray(
        scipy.special.binom(trials - place, budget - 1) / scipy.special.binom(trials, budget)
        if trials < 500
        else np.exp(_log_binomial(trials - place, budget - 1) - _log_binomial(np.full(1, trials), budget))
    )


def _log_binomial(of: np.ndarray, taken: np.ndarray) -> np.ndarray:
    gammaln = scipy.special.gammaln
    with np.errstate(invalid="ignore"):
        found = gammaln(of + 1) - gammaln(taken + 1) - gammaln(np.maximum(of - taken, 0) + 1)
    return np.where(taken <= of, found, -np.inf)


def _resampled(values: np.ndarray, known: int, seed: int) -> np.ndarray:
    """The estimate of each of DRAWS resamples for budgets up to `known`, (draws budget)."""
    draw, weights = np.random.default_rng(seed), _weights(len(values))[:known]
    chunk, found = max(1, CHUNK // len(values)), []
    for start in range(0, DRAWS, chunk):
        size = (min(chunk, DRAWS - start), len(values))
        found.append(np.sort(values[draw.integers(0, len(values), size)], axis=1) @ weights.T)
    return np.concatenate(found)


def _tails(trials: int, confidence: float) -> tuple[float, float]:
    """Which percentiles: as far out as t with so many trials is beyond z."""
    t = float(scipy.special.stdtrit(trials - 1, 0.5 + confidence / 2)) * (trials / (trials - 1)) ** 0.5
    tail = float(scipy.special.ndtr(-t))
    return tail, 1 - tail
