"""A confidence sequence for the mean of paired differences: it may be looked at after every pair, and stopped at will.

The interval after n pairs is every mean m that the differences do not refute, at once for all n: with probability at
least 1 - alpha the true mean lies in all of them (Ville's inequality), whenever and for whatever reason one stops.

An m is refuted where the Bayes factor of "the standardized mean is drawn from N(0, PRIOR)" against "it is zero"
reaches 1 / alpha, both with the right Haar prior on the unknown variance; under normal differences it is a
non-negative martingale that begins at one:

    BF(t) = (1 + n g)^(-1/2) [ (1 + t^2 / v) / (1 + t^2 / (v (1 + n g))) ]^(n / 2),   v = n - 1,  g = PRIOR

(Gönen et al., The American Statistician 59, 2005, eq. 4, as a two-sided one-sample test; that it is an e-process under
optional stopping: Hendriksen, de Heide and Grünwald, Bayesian Analysis 16, 2021, theorem 1; as a confidence sequence:
Lindon et al. 2022, arXiv 2210.08589, and Wang and Ramdas 2025, arXiv 2310.03722, section 4.)

It assumes that the differences are independent and normal. What it does on the errors of networks, where runs get
stuck and spreads are skewed, is simulated by `python -m benchmarks.statistics.settling`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

PRIOR = 3.0
"""Variance of the standardized difference looked for: of 1, 3 and 10 this one needs the fewest pairs over all."""

LEAST_PAIRS = 3
"""Below, nothing is said: two pairs have one degree of freedom."""

Verdict = Literal["first", "second", "equivalent", "open"]


@dataclass(frozen=True)
class Interval:
    """What is known after so many pairs.

    Attributes:
        pairs: how many differences.
        mean: their mean, in their unit.
        low, high: the ends of the interval for the true mean; infinite where nothing can be said yet.
    """

    pairs: int
    mean: float
    low: float
    high: float


def half_width(pairs: int, deviation: float, alpha: float = 0.05) -> float:
    """How far the interval reaches to either side of the mean; infinite below `LEAST_PAIRS` or while all is possible.

    Args:
        pairs: number of differences, n.
        deviation: their sample standard deviation (n - 1 in the denominator).
        alpha: probability, over all n together, that the true mean is ever outside.

    Raises:
        ValueError: alpha is not between 0 and 1, or the deviation is negative.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is a probability between 0 and 1, not {alpha}")
    if not deviation >= 0:
        raise ValueError(f"a deviation is at least 0, not {deviation}")
    if pairs < LEAST_PAIRS:
        return math.inf
    gain = 1 + pairs * PRIOR
    most = (math.sqrt(gain) / alpha) ** (2 / pairs)  # of the ratio in brackets
    if most >= gain:  # no t, however large, makes the ratio larger than this
        return math.inf
    t_squared = (pairs - 1) * (most - 1) / (1 - most / gain)
    return deviation * math.sqrt(t_squared / pairs)


def confidence_sequence(
    differences: Sequence[float], *, alpha: float = 0.05, resolution: float = 0.0
) -> list[Interval]:
    """The interval after each pair, in the order in which the pairs came.

    Args:
        differences: first minus second, one a seed, in seed order; finite.
        alpha: as for `half_width`.
        resolution: the smallest step that a difference can take, in the same unit (one image of the test set): a
            spread below it is not believed, so that two equal differences do not make an interval of no width.

    Raises:
        ValueError: a difference is not finite, or alpha is no probability.
    """
    values = np.asarray(differences, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("differences are finite numbers; a pair with a diverged run has none")
    found = []
    for pairs in range(1, len(values) + 1):
        mean = float(values[:pairs].mean())
        deviation = float(values[:pairs].std(ddof=1)) if pairs > 1 else 0.0
        reach = half_width(pairs, max(deviation, resolution), alpha)
        found.append(Interval(pairs, mean, mean - reach, mean + reach))
    return found


def verdict(interval: Interval, margin: float) -> Verdict:
    """What an interval settles.

    Args:
        interval: of the first's error minus the second's.
        margin: the smallest difference that matters, above 0; "equivalent" says that the true one is smaller.

    Returns:
        "first" or "second": that one has the lower error; "equivalent": no difference as large as the margin;
        "open": neither is settled. A difference shown to be there and smaller than the margin is "equivalent".

    Raises:
        ValueError: the margin is not above 0.
    """
    if not margin > 0:
        raise ValueError(f"a difference that matters is above 0, not {margin}")
    if -margin < interval.low and interval.high < margin:
        return "equivalent"
    if interval.high < 0:
        return "first"
    return "second" if interval.low > 0 else "open"


def sign_evidence(first: int, second: int) -> float:
    """An e-value against "either happens as easily": how often only the first, and only the second, had something.

    Of pairs in which just one of both diverged, each is the first with probability 1/2 if nothing differs. The mixture
    of all other probabilities with weight Beta(1/2, 1/2) against 1/2 is a non-negative martingale that begins at one,
    so that reaching 1 / alpha at any time has probability at most alpha (Robbins, Annals of Mathematical Statistics
    41, 1970; the weight is Krichevsky and Trofimov's, IEEE Transactions on Information Theory 27, 1981).

    Raises:
        ValueError: a count is negative.
    """
    if min(first, second) < 0:
        raise ValueError(f"counts are at least 0, not {first} and {second}")
    of_both = first + second
    mixture = math.lgamma(first + 0.5) + math.lgamma(second + 0.5) - math.lgamma(of_both + 1) - math.log(math.pi)
    return math.exp(min(700.0, of_both * math.log(2) + mixture))
