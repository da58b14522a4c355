"""The expected validation error of the best trial against the budget, arm by arm, with what can be said of each."""

from __future__ import annotations

import math

import numpy as np

from vitcore.search.plan import Search
from vitcore.search.standing import Outcome, Standing
from vitcore.statistics import expected_best
from vitcore.statistics.expected_best import Course
from vitcore.statistics.intervals import NOTHING, Interval


def course(search: Search, stands: Standing, arm: int) -> Course:
    """Of independent trials the mean over all ways to take so many; of others the mean over the arm's searches.

    A pruned trial counts with the error that it was stopped at, a diverged run with 100 %.
    """
    if search.budget.independent:
        return expected_best.expected_best_course(_errors(stands.of(arm)))
    return expected_best.mean_course(_best_so_far(search, stands, arm))


def budget_of(search: Search, stands: Standing) -> int:
    """The largest budget at which every arm has an interval; 0: none."""
    arms = range(len(search.arms))
    if search.budget.independent:
        return expected_best.known_to(min(len(_errors(stands.of(arm))) for arm in arms))
    shortest = min(_best_so_far(search, stands, arm).shape[1] for arm in arms)
    return shortest if search.budget.repeats >= expected_best.FEWEST_REPEATS else 0


def difference(search: Search, stands: Standing, first: int, second: int, confidence: float) -> Interval:
    """Expected best of the first arm minus the second's, in points of validation error, at `budget_of`."""
    budget = budget_of(search, stands)
    if not budget:
        return NOTHING
    if search.budget.independent:
        errors = [_errors(stands.of(arm)) for arm in (first, second)]
        return expected_best.difference(errors[0], errors[1], budget, confidence=confidence)
    best = [_best_so_far(search, stands, arm)[:, budget - 1] for arm in (first, second)]
    return expected_best.mean_difference(best[0], best[1], confidence=confidence)


def _errors(outcomes: list[Outcome]) -> list[float]:
    return [each.error for each in outcomes if math.isfinite(each.error)]


def _best_so_far(search: Search, stands: Standing, arm: int) -> np.ndarray:
    """(repeats budget): as far as every repeat has come."""
    repeats = [_errors(stands.of(arm, repeat)) for repeat in range(search.budget.repeats)]
    shortest = min(map(len, repeats))
    return np.minimum.accumulate(np.array([errors[:shortest] for errors in repeats]).reshape(len(repeats), -1), axis=1)
