"""How many seeds would settle a pair: a range, since few pilots tell the size of a difference badly.

Three pilots put a single number wrong by a factor of two in nearly half of all cases, so what is told is the range
that the differences at hand leave open: an interval of the true difference in units of its spread, by inverting the
noncentral t distribution (Steiger and Fouladi 1997; Cumming and Finch 2001), and the seeds that either end needs.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import scipy.optimize
import scipy.special

from vitcore.statistics.intervals import t_limit
from vitcore.statistics.pairs import FEWEST_PAIRS, Pair

MOST = 100_000
"""Seeds beyond which a number says no more than "very many"."""


class Seeds(NamedTuple):
    """So many seeds more, at the fewest and at the most; `most` None: no number would settle it for certain."""

    fewest: int
    most: int | None


def seeds_for(size: float, *, power: float = 0.8, alpha: float = 0.05, most: int = MOST) -> int | None:
    """Fewest pairs at which a two-sided paired t-test finds a true mean difference of `size` deviations of one pair.

    Returns:
        The number, at least FEWEST_PAIRS; None where it is more than `most` (a difference of nothing is never found).
    """
    if size == 0 or math.isnan(size):
        return None
    low = high = FEWEST_PAIRS
    while _power(abs(size), high, alpha) < power:
        low, high = high + 1, high * 2
        if low > most:
            return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(abs(size), middle, alpha) >= power else (middle + 1, high)
    return low if low <= most else None


def more_seeds(
    pair: Pair, *, power: float = 0.8, alpha: float = 0.05, confidence: float = 0.8, interim_analyses: int = 1
) -> Seeds | None:
    """How many more seeds would settle whether a pair differs, for differences that its seeds so far leave open.

    Args:
        confidence: how often the range holds the number that the true difference needs.
        looks: pairs that are looked at together; each is tested at alpha over their number (Bonferroni).

    Returns:
        None where no test can be made yet.
    """
    if pair.count < FEWEST_PAIRS or math.isnan(pair.size):
        return None
    low, high = size_interval(pair, confidence)
    large, small = max(abs(low), abs(high)), 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    fewest, most = (seeds_for(size, power=power, alpha=alpha / interim_analyses) for size in (large, small))
    return Seeds(max(0, (fewest or MOST) - pair.count), None if most is None else max(0, most - pair.count))


def size_interval(pair: Pair, confidence: float = 0.8) -> tuple[float, float]:
    """The true difference in deviations of one pair: the sizes under which what was seen is not rare."""
    statistic, tail = pair.size * math.sqrt(pair.count), (1 - confidence) / 2

    def at(share: float) -> float:
        reach = 10 + 3 * abs(statistic)
        return float(
            scipy.optimize.brentq(
                lambda noncentral: _below(statistic, pair.degrees, noncentral) - share, -reach, reach, xtol=1e-6
            )
        )

    return at(1 - tail) / math.sqrt(pair.count), at(tail) / math.sqrt(pair.count)


def _below(statistic: float, degrees: float, noncentral: float) -> float:
    """The noncentral t distribution; far out, where scipy has no value for it, Johnson and Welch's approximation."""
    exact = float(scipy.special.nctdtr(degrees, noncentral, statistic))
    if not math.isnan(exact):
        return exact
    z = (statistic * (1 - 1 / (4 * degrees)) - noncentral) / math.sqrt(1 + statistic**2 / (2 * degrees))
    return float(scipy.special.ndtr(z))


@lru_cache(maxsize=4096)
def _power(size: float, count: int, alpha: float) -> float:
    """Power of the two-sided paired t-test at a standardized difference of `size`."""
    limit = t_limit(1 - alpha, count - 1)
    degrees, shift = count - 1, size * math.sqrt(count)
    upper = 1 - float(scipy.special.nctdtr(degrees, shift, limit))
    lower = float(scipy.special.nctdtr(degrees, shift, -limit))
    return (1.0 if math.isnan(upper) else upper) + (0.0 if math.isnan(lower) else lower)
