"""What a difference between runs is worth: intervals, paired tests, Holm, seeds still needed, noise floor.

After Bouthillier et al. 2021 (Accounting for variance in benchmarks) and Agarwal et al. 2021 (rliable).
Runs of one seed share weights, subset and order, so two kernels are compared seed by seed. numpy and scipy only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

Values = ArrayLike

FEWEST_TO_BOOTSTRAP = 8
"""Below this many pairs no resampled mean can leave [min, max], so that a bootstrap cannot reach 95 %: at five pairs it
covers 1 - 2 / 2^5 = 93.75 % at the very best. Student's t is used there instead."""


class Interval(NamedTuple):
    """A mean and its interval, in the unit of the values; the ends are NaN where fewer than two values say nothing."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """What stands behind the ±, in the unit of the values."""
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        """Whether both ends lie on one side of zero; false where they are NaN."""
        return self.low > 0 or self.high < 0


def mean_interval(values: Values, confidence: float = 0.95) -> Interval:
    """Mean and Student's t-interval. NaN values are left out; none: all NaN; one: the ends are NaN."""
    known = _known(values)
    if not len(known):
        return Interval(math.nan, math.nan, math.nan)
    mean = float(known.mean())
    if len(known) == 1:
        return Interval(mean, math.nan, math.nan)
    half = _t(confidence, len(known) - 1) * float(known.std(ddof=1)) / math.sqrt(len(known))
    return Interval(mean, mean - half, mean + half)


def half_widths(counts: ArrayLike, deviations: ArrayLike, confidence: float = 0.95) -> np.ndarray:
    """Half of Student's t-interval of many means at once.

    Args:
        counts: over how many values each mean is taken; NaN comes out where that is one.
        deviations: the values' standard deviations (n - 1 in the denominator).
    """
    many = np.asarray(counts, dtype=float)
    spread = np.where(many > 1, np.asarray(deviations, dtype=float), np.nan)
    factors: np.ndarray = scipy.stats.t.ppf(0.5 + confidence / 2, np.maximum(many - 1, 1))
    halves: np.ndarray = factors * spread / np.sqrt(many)
    return halves


def paired_interval(
    a: Values, b: Values, confidence: float = 0.95, *, method: str = "auto", resamples: int = 5_000, seed: int = 0
) -> Interval:
    """Mean of a - b over pairs (same seed, same place in both) and its interval.

    Args:
        method: "t", "percentile" (expanded after Hesterberg 2015, so that small samples keep their level), "bca"
            (Efron 1987), or "auto": "t" below FEWEST_TO_BOOTSTRAP pairs and "percentile" from there on.
        seed: of the resampling; the same values give the same interval on every machine.

    Raises:
        ValueError: there is no such method, or a and b are not equally long.
    """
    difference = _differences(a, b)
    count = len(difference)
    if method == "auto":
        method = "t" if count < FEWEST_TO_BOOTSTRAP else "percentile"
    if method not in ("t", "percentile", "bca"):
        raise ValueError(f"there is no interval method {method!r}; there are auto, t, percentile and bca")
    if method == "t" or count < 2 or np.ptp(difference) == 0:
        return mean_interval(difference, confidence)
    draws = np.random.default_rng(seed).integers(count, size=(resamples, count))
    means = difference[draws].mean(axis=1)
    ends = _expanded(confidence, count) if method == "percentile" else _bca(difference, means, confidence)
    low, high = np.quantile(means, ends)
    return Interval(float(difference.mean()), float(low), float(high))


def paired_p(a: Values, b: Values) -> float:
    """Two-sided p of Student's paired t-test that a and b have one mean; NaN below two pairs."""
    difference = _differences(a, b)
    if len(difference) < 2:
        return math.nan
    if np.ptp(difference) == 0:
        return 1.0 if difference[0] == 0 else 0.0
    return float(scipy.stats.ttest_1samp(difference, 0).pvalue)


def probability_of_improvement(a: Values, b: Values, confidence: float = 0.95) -> Interval:
    """How likely a run of `a` is *lower* (error, seconds) than one of `b` with the same seed; ties count half.

    The interval is Wilson's: a bootstrap of three wins out of three would claim certainty.
    """
    difference = _differences(a, b)
    count = len(difference)
    if not count:
        return Interval(math.nan, math.nan, math.nan)
    share = float(((difference < 0) + 0.5 * (difference == 0)).mean())
    z = float(scipy.stats.norm.ppf(0.5 + confidence / 2))
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def holm(p_values: Values) -> np.ndarray:
    """p-values corrected for having looked at all of them (Holm 1979); NaN stays NaN and is not counted."""
    p = np.asarray(p_values, dtype=float)
    corrected = np.full(len(p), np.nan)
    order = [i for i in np.argsort(p) if not np.isnan(p[i])]
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p[i]))
        corrected[i] = highest
    return corrected


def seeds_for(
    effect: float, deviation: float, *, power: float = 0.8, alpha: float = 0.05, most: int = 100_000
) -> int | None:
    """Fewest seeds at which a paired, two-sided t-test finds a true mean difference of `effect`.

    Args:
        effect: true mean of the paired differences.
        deviation: true standard deviation of the paired differences, in the same unit.
        most: the search ends here.

    Returns:
        The number, at least 2; None where it is more than `most` (an effect of nothing is never found).
    """
    if effect == 0 or not math.isfinite(effect) or not math.isfinite(deviation):
        return None
    if deviation == 0:
        return 2
    size = abs(effect) / deviation
    low, high = 2, 2
    while _power(size, high, alpha) < power:
        low, high = high + 1, high * 2
        if low > most:
            return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(size, middle, alpha) >= power else (middle + 1, high)
    return low if low <= most else None


def more_seeds(
    a: Values, b: Values, *, effect: float | None = None, power: float = 0.8, alpha: float = 0.05
) -> int | None:
    """How many more seeds would settle whether a and b differ, if the truth is as seen so far.

    Args:
        effect: the difference that matters, where the seen one is not to be believed (few seeds exaggerate it).

    Returns:
        0 where they suffice; None where two pairs are not at hand, or where nothing differs.
    """
    difference = _differences(a, b)
    if len(difference) < 2:
        return None
    needed = seeds_for(
        float(difference.mean()) if effect is None else effect, float(difference.std(ddof=1)), power=power, alpha=alpha
    )
    return None if needed is None else max(0, needed - len(difference))


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
        return _t(confidence, self.degrees) * self.deviation * math.sqrt(1 / runs + 1 / other_runs)


def noise_floor(pairs: Sequence[tuple[float, float]]) -> NoiseFloor:
    """Noise of one run from pairs of runs that are mathematically the same: Var(a - b) is twice that of one run."""
    difference = _differences([a for a, _ in pairs], [b for _, b in pairs])
    return _floor(float((difference**2).sum() / 2), len(difference))


def pooled_floor(groups: Sequence[Values]) -> NoiseFloor:
    """Noise of one run from several groups of seeds, each about its own mean; groups of fewer than two say nothing."""
    known = [values for values in map(_known, groups) if len(values) > 1]
    squares = float(sum(((values - values.mean()) ** 2).sum() for values in known))
    return _floor(squares, sum(len(values) - 1 for values in known))


def _floor(squares: float, degrees: int) -> NoiseFloor:
    if not degrees:
        return NoiseFloor(math.nan, math.nan, math.nan, 0)
    low, high = (math.sqrt(squares / float(scipy.stats.chi2.ppf(q, degrees))) for q in (0.975, 0.025))
    return NoiseFloor(math.sqrt(squares / degrees), low, high, degrees)


def _known(values: Values) -> np.ndarray:
    array: np.ndarray = np.asarray(values, dtype=float).ravel()
    known: np.ndarray = array[np.isfinite(array)]
    return known


def _differences(a: Values, b: Values) -> np.ndarray:
    first, second = np.asarray(a, dtype=float).ravel(), np.asarray(b, dtype=float).ravel()
    if len(first) != len(second):
        raise ValueError(f"pairs need equal numbers; {len(first)} were given beside {len(second)}")
    return _known(first - second)


@lru_cache(maxsize=512)
def _t(confidence: float, degrees: int) -> float:
    return float(scipy.stats.t.ppf(0.5 + confidence / 2, degrees))


@lru_cache(maxsize=4096)
def _power(size: float, count: int, alpha: float) -> float:
    """Power of the two-sided paired t-test at a standardised difference of `size`."""
    limit = _t(1 - alpha, count - 1)
    shifted = scipy.stats.nct(count - 1, size * math.sqrt(count))
    upper, lower = float(shifted.sf(limit)), float(shifted.cdf(-limit))
    return (1.0 if math.isnan(upper) else upper) + (0.0 if math.isnan(lower) else lower)


def _expanded(confidence: float, count: int) -> tuple[float, float]:
    """Quantiles that give the plain percentile interval the width of Student's t (Hesterberg 2015, section 5.3)."""
    tail = float(scipy.stats.norm.cdf(-math.sqrt(count / (count - 1)) * _t(confidence, count - 1)))
    return tail, 1 - tail


def _bca(values: np.ndarray, means: np.ndarray, confidence: float) -> tuple[float, float]:
    """Bias-corrected and accelerated quantiles; acceleration from the jackknife."""
    below = float((means < values.mean()).mean() + (means == values.mean()).mean() / 2)
    bias = scipy.stats.norm.ppf(min(max(below, 1e-6), 1 - 1e-6))
    left_out = (values.sum() - values) / (len(values) - 1)
    lean = left_out.mean() - left_out
    acceleration = (lean**3).sum() / (6 * (lean**2).sum() ** 1.5)
    z = scipy.stats.norm.ppf([0.5 - confidence / 2, 0.5 + confidence / 2])
    low, high = scipy.stats.norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
    return float(low), float(high)
