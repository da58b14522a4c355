"""How often training diverges: an outcome of its own, told as a rate, never as part of a mean."""

from __future__ import annotations

import math

import scipy.special

from vitcore.statistics.intervals import NOTHING, Interval


def rate(diverged: int, of: int, confidence: float = 0.95) -> Interval:
    """The share of runs that diverged with its exact interval (Clopper and Pearson 1934); of no run: all NaN.

    Raises:
        ValueError: more diverged than there are.
    """
    if not 0 <= diverged <= of:
        raise ValueError(f"{diverged} of {of} runs cannot have diverged")
    if not of:
        return NOTHING
    tail = (1 - confidence) / 2
    low = 0.0 if not diverged else float(scipy.special.betaincinv(diverged, of - diverged + 1, tail))
    high = 1.0 if diverged == of else float(scipy.special.betaincinv(diverged + 1, of - diverged, 1 - tail))
    return Interval(diverged / of, low, high)


def rates_differ(diverged: int, of: int, other_diverged: int, of_others: int) -> float:
    """Two-sided p that two rates of divergence are one (Fisher's exact test); NaN where either has no run."""
    if not (of and of_others):
        return math.nan
    import scipy.stats  # takes a second to load, which a page's first paint need not wait for

    table = [[diverged, of - diverged], [other_diverged, of_others - other_diverged]]
    return float(scipy.stats.fisher_exact(table).pvalue)
