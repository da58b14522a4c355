"""How much of the spread of errors an option accounts for by itself, and how much would be seen where it had no effect.

The share of the variance of the errors' ranks that a curve in the option explains: a parabola in a number (on its log
scale where it was drawn on one), the means of a choice's values. It is a main effect, as in functional analysis of
variance (Hutter, Hoos and Leyton-Brown, ICML 2014), without their forest, which a dozen trials cannot feed. Two options
that matter only together show nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

DRAWS = 400
FEWEST = 6
"""Trials below which nothing is said."""


class Importance(NamedTuple):
    """A share from 0 to 1; `noise`: what 95 of 100 options without any effect stay below. Both NaN: too few trials.

    No interval: resampling lifts small shares, so that a bootstrap's does not hold them.
    """

    share: float
    noise: float

    @property
    def shown(self) -> bool:
        """Whether it is more than an option without any effect would show."""
        return self.share > self.noise


NOTHING = Importance(math.nan, math.nan)


def importance(values: Sequence[object], errors: ArrayLike, *, log: bool = False, seed: int = 0) -> Importance:
    """How much an option accounts for.

    Args:
        values: of the option, one a trial; numbers, or choices (anything else, booleans among them).
        errors: one a trial.
        log: the numbers count by their logarithm.
    """
    found = np.asarray(errors, dtype=float)
    if len(found) < FEWEST or len({*map(repr, values)}) < 2 or np.ptp(found) == 0:
        return NOTHING
    design, ranks, draw = _design(values, log), _ranks(found), np.random.default_rng(seed)
    share = float(_explained(design[None], ranks[None])[0])
    shuffled = draw.permuted(np.tile(ranks, (DRAWS, 1)), axis=1)
    by_chance = _explained(np.broadcast_to(design, (DRAWS, *design.shape)), shuffled)
    return Importance(share, float(np.quantile(by_chance, 0.95)))


def _design(values: Sequence[object], log: bool) -> np.ndarray:
    """(trials columns): the columns of a parabola, or one a choice."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        numbers = np.asarray(values, dtype=float)
        numbers = np.log(numbers) if log else numbers
        centered = (numbers - numbers.mean()) / (np.ptp(numbers) or 1.0)
        return np.column_stack([np.ones_like(centered), centered, centered**2])
    names = [repr(value) for value in values]
    return np.array([[name == other for other in sorted({*names})] for name in names], dtype=float)


def _ranks(errors: np.ndarray) -> np.ndarray:
    """Ranks from 0, of equals their mean: a trial that diverged counts as the last, not as a hundred times the rest."""
    _, inverse, counts = np.unique(errors, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[inverse].reshape(errors.shape), dtype=float)


def _explained(designs: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """The share of the variance of ranks (draws trials) that fits of designs (draws trials columns) explain, (draws).

    0 where ranks do not vary.
    """
    centered = ranks - ranks.mean(1, keepdims=True)
    fitted = designs @ (np.linalg.pinv(designs) @ ranks[..., None])
    left, spread = ((ranks - fitted[..., 0]) ** 2).sum(1), (centered**2).sum(1)
    return np.asarray(np.clip(1 - left / np.where(spread == 0, np.inf, spread), 0.0, 1.0) * (spread > 0))
