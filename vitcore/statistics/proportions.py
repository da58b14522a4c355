"""The interval of a share: how often among all, where it was so often among these."""

from __future__ import annotations

import math

import scipy.special

from vitcore.statistics.intervals import NOTHING, Interval


def sign_test(first: int, second: int) -> float:
    """Two-sided exact p that either of two outcomes is as likely, of so many cases of each; 1 of none."""
    return min(1.0, 2 * float(scipy.special.bdtr(min(first, second), first + second, 0.5))) if first + second else 1.0


def wilson(share: float, count: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval (Journal of the American Statistical Association 22, 1927); of none: all NaN.

    It keeps near its level for few and for shares near 0 and 1 (Brown, Cai and DasGupta, Statistical Science 16, 2001).

    Args:
        share: from 0 to 1; of wins it may count ties half.
        count: of how many.
    """
    if not count:
        return NOTHING
    z = float(scipy.special.ndtri(0.5 + confidence / 2))
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))
