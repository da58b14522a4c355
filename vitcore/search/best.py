"""The best trials of a search, and how many of them nobody can tell from the winner."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

import numpy as np

from vitcore.search.plan import Search
from vitcore.search.standing import Outcome, Standing
from vitcore.spec import RunSpec
from vitcore.statistics.expected_best import FEWEST_REPEATS, mean_difference

APART = 6
"""Validation images by which two settings must lie apart before any test of these images can tell them apart.

Of fewer, all in favor of one, McNemar's exact test gives p = 2 (1/2)^5 = 0.06 or more.
"""


def ranked(outcomes: Iterable[Outcome], search: Search) -> list[Outcome]:
    """Trials that were trained whole, least validation error first; of one setting drawn twice the first."""
    whole = [each for each in outcomes if each.ended == "complete"]
    found: dict[str, Outcome] = {}
    for each in sorted(whole, key=lambda each: (each.error, each.trial.number, each.trial.arm)):
        found.setdefault(search.spec(each.trial).fingerprint(), each)
    return list(found.values())


def winners(search: Search, stands: Standing, count: int) -> list[Outcome]:
    """The best so many of each arm, the best of all first."""
    best = [each for arm in range(len(search.arms)) for each in ranked(stands.of(arm), search)[:count]]
    return sorted(best, key=lambda each: each.error)


def images_apart(first: Outcome, second: Outcome, images: int) -> int:
    """How many validation images two trials' errors lie apart."""
    return round(abs(first.error - second.error) * images / 100)


def tied(search: Search, stands: Standing) -> list[Outcome]:
    """The winner and the trials that nothing tells from it: too few images apart, or seeds that spread too widely."""
    order = ranked(stands.outcomes, search)
    return list(takewhile(lambda each: not _told_apart(order[0], each, stands.images), order))


def _told_apart(best: Outcome, other: Outcome, images: int) -> bool:
    if other.error == best.error or (images and images_apart(best, other, images) < APART):
        return False
    if min(len(best.errors), len(other.errors)) < FEWEST_REPEATS:
        return True
    if not np.var(best.errors) + np.var(other.errors):
        return True
    return mean_difference(best.errors, other.errors).high < 0


def confirmed_setting(search: Search, outcome: Outcome) -> RunSpec:
    """A trial's setting as it is run again: evaluated on the test images as well."""
    return RunSpec.of(search.spec(outcome.trial), evaluate_test=True)
