"""How far seeds lie apart: one cell's own spread, moderated by the spreads of the table's comparable cells.

A hierarchical model with partial pooling: each cell's variance over seeds is drawn from a scaled inverse chi-square
distribution, whose two parameters are estimated from the other cells (empirical Bayes). Smyth 2004, "Linear models and
empirical Bayes methods for assessing differential expression", sections 3 and 6.2; Gelman et al., Bayesian Data
Analysis, chapter 5. Where cells are alike, three seeds borrow the degrees of freedom of all; where they are not, few. A
cell that lies apart from the others keeps its own spread, after Phipson et al. 2016, "Robust hyperparameter estimation
protects against hypervariable genes": a kernel of which one seed gets stuck must not look as sure as the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

CAUTION = 0.25
"""Standard errors by which the cells are taken to differ more than they are seen to: few cells tell that badly."""
APART = 0.2
"""Chance, were a cell like the others, of a spread as large as its own; below it keeps its own."""


@dataclass(frozen=True)
class Spread:
    """What comparable cells say of a cell's variance over seeds: a prior worth `degrees` degrees of freedom.

    `most` is how many degrees there are to borrow.
    """

    variance: float = math.nan
    degrees: float = 0.0
    most: float = 0.0

    def moderated(self, variance: float, degrees: float) -> tuple[float, float]:
        """A cell's variance drawn towards the prior, and the degrees of freedom of a t that uses it."""
        prior = min(self.degrees, self.most)
        if not prior or scipy.special.fdtrc(degrees, prior, variance / self.variance) < APART:
            return variance, degrees
        return (prior * self.variance + degrees * variance) / (prior + degrees), prior + degrees


UNKNOWN = Spread()


def pooled(groups: Sequence[ArrayLike], *, most: float = math.inf) -> Spread:
    """The prior that groups make together, by Smyth's two moments of their variances' logarithms.

    Args:
        groups: one cell's values over its seeds each, on a scale where spreads are alike (statistics.scales); a group
            of fewer than two says nothing.
        most: how many degrees of freedom may be borrowed, where groups share values (pairs of the same rows).

    Returns:
        UNKNOWN for fewer than two groups that tell of a spread, or where none varies.
    """
    arrays = [array for array in (np.asarray(group, dtype=float) for group in groups) if len(array) > 1]
    variances, degrees = (
        np.array([array.var(ddof=1) for array in arrays]),
        np.array([len(array) - 1.0 for array in arrays]),
    )
    if len(variances) < 2 or not variances.any():
        return UNKNOWN
    typical = float(np.median(variances)) or float(variances.max())
    logs = np.log(np.maximum(variances, 1e-5 * typical)) - scipy.special.digamma(degrees / 2) + np.log(degrees / 2)
    by_chance, known = float(np.mean(scipy.special.polygamma(1, degrees / 2))), float(logs.var(ddof=1))
    error = max(by_chance, known) * math.sqrt(2 / (len(logs) - 1))
    prior = 2 * _inverse_trigamma(max(known - by_chance, 0.0) + CAUTION * error)
    place = math.exp(float(logs.mean() + scipy.special.digamma(prior / 2)) - math.log(prior / 2))
    return Spread(place, prior, min(float(degrees.sum()), most))


def of_others(groups: Sequence[ArrayLike]) -> list[Spread]:
    """For each group the prior that all the others make: its own spread does not draw its prior after it."""
    return [pooled([*groups[:place], *groups[place + 1 :]]) for place in range(len(groups))]


def _inverse_trigamma(value: float) -> float:
    """y with trigamma(y) = value, by Newton's method (Smyth 2004, appendix)."""
    y = 0.5 + 1 / value
    for _ in range(50):
        at = float(scipy.special.polygamma(1, y))
        step = at * (1 - at / value) / float(scipy.special.polygamma(2, y))
        y += step
        if -step / y < 1e-8:
            break
    return y
