"""Whether rows differ at all: whether any pair of them does, corrected for having looked at all pairs.

Each pair is tested with its own spread, so that the level holds where spreads are as unequal as 6.79, 0.11 and 0.075
points; the F-test over blocks has up to 19 % false positives there, a permutation within seeds up to 24 %, and
Friedman's test, whose ranks assume equal spreads, up to 9 % (benchmarks/measured/tests.txt).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def any_differ(p_values: ArrayLike) -> float:
    """p that no pair of rows differs: the smallest of all pairs' p, times their number (Bonferroni; Holm's first step).

    NaN, and not counted, are pairs of which no test was made; NaN where none was.
    """
    p = np.asarray(p_values, dtype=float)
    known = p[~np.isnan(p)]
    return float(min(1.0, known.min() * len(known))) if len(known) else math.nan
