"""Seeds still needed: the published tables of power, and a range that holds what one number missed."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from benchmarks.statistics import simulate
from vitcore.statistics.pairs import compare
from vitcore.statistics.scales import REAL
from vitcore.statistics.seeds_needed import more_seeds, seeds_for, size_interval


@pytest.mark.parametrize(("size", "known"), [(0.5, 34), (0.8, 15), (1.0, 10), (1.5, 6), (0.2, 199)])
def test_seeds_needed_match_the_published_tables_of_power(size: float, known: int) -> None:
    """Cohen's tables and G*Power, paired t-test, power 0.8, alpha 0.05, two-sided."""
    assert abs((seeds_for(size) or 0) - known) <= 1


@pytest.mark.parametrize("size", [0.7, 1.2])
def test_seeds_needed_are_right_within_one_by_simulation(size: float) -> None:
    needed = seeds_for(size)
    assert needed is not None
    random = np.random.default_rng(11)

    def power(count: int) -> float:
        draws = random.normal(size, 1, size=(20_000, count))
        return float((scipy.stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05).mean())

    assert power(needed + 1) >= 0.8
    assert power(needed - 2) < 0.8


@pytest.mark.parametrize(("count", "size"), [(3, 1.0), (5, 0.5)])
def test_the_range_holds_the_number_and_one_number_does_not(count: int, size: float) -> None:
    found = simulate.seeds(count, size, 150)
    assert found["now: in the range"] > 0.7
    assert found["before: within a factor of 2"] < 0.65


def test_the_interval_of_the_size_covers_80_percent() -> None:
    random, covered = np.random.default_rng(3), 0
    for _ in range(300):
        low, high = size_interval(compare(random.normal(0.8, 1, 4), np.zeros(4), REAL))
        covered += low <= 0.8 <= high
    assert 0.73 < covered / 300 < 0.87


def test_what_may_be_nothing_has_no_upper_end_and_two_pairs_have_no_range() -> None:
    near = compare([1.0, -1.0, 0.5], [0.0, 0.0, 0.0], REAL)
    found = more_seeds(near)
    assert found is not None
    assert found.most is None
    assert found.fewest > 0
    assert more_seeds(compare([1.0, 2.0], [0.0, 0.0], REAL)) is None
    assert more_seeds(compare([5.0, 5.1, 5.0, 5.2], [1.0] * 4, REAL)) == (0, 0)
    assert seeds_for(0.0) is None


def test_many_pairs_take_more_seeds_than_one() -> None:
    pair = compare([2.0, 1.0, 1.5, 0.7], [0.0] * 4, REAL)
    item, many = more_seeds(pair), more_seeds(pair, interim_analyses=30)
    assert item is not None
    assert many is not None
    assert many.fewest > item.fewest
