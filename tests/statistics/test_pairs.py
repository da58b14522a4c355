"""Pairs of rows, all of them, and what they may not claim; a fast sample of benchmarks/statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from benchmarks.statistics import simulate
from vitcore.statistics.omnibus import any_differ
from vitcore.statistics.pairs import all_pairs, compare, holm, probability_of_improvement
from vitcore.statistics.scales import PERCENT, REAL

TABLES = 150


@pytest.mark.parametrize("count", [0, 1, 2])
def test_below_three_pairs_there_is_no_test_and_no_interval(count: int) -> None:
    found = compare([5.0, 6.0][:count], [2.0, 3.0][:count], images=10_000)
    assert math.isnan(found.p)
    assert not found.difference.known
    assert found.count == count


def test_equal_differences_are_no_certainty() -> None:
    found = compare([5.0, 6.0, 7.0], [4.9, 5.9, 6.9], images=10_000)
    assert found.p > 0.05
    assert found.difference.low < 0 < found.difference.high
    assert math.isnan(compare([5.0, 6.0, 7.0], [4.0, 5.0, 6.0], REAL).p), "nothing tells how they would vary"


@pytest.mark.parametrize("images", [360, 10_000])
@pytest.mark.parametrize("count", [3, 20, 200])
def test_a_difference_is_never_finer_than_the_test_set_tells(images: int, count: int) -> None:
    """One image more, in every seed of however many."""
    a = 5.0 + np.arange(count) % 3
    found = compare(a + 100 / images, a, images=images)
    assert found.p > 0.05
    assert compare(np.full(count, 40.0) + np.arange(count) % 3, a, images=images).p < 0.05


def test_the_test_is_students_paired_t_where_nothing_is_borrowed() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(1, 1, 8), random.normal(0, 1, 8)
    found = compare(a, b, REAL)
    assert found.p == pytest.approx(scipy.stats.ttest_rel(a, b).pvalue)
    assert found.difference.center == pytest.approx((a - b).mean())


def test_every_pair_of_rows_is_compared_over_the_seeds_that_both_have() -> None:
    rows = {"a": {0: 5.0, 1: 6.0, 2: 5.5}, "b": {0: 4.0, 1: 5.2, 2: 4.4, 3: 4.1}, "c": {3: 2.0}}
    found = all_pairs(rows, PERCENT, images=10_000)
    assert {pair: item.count for pair, item in found.items()} == {("a", "b"): 3, ("a", "c"): 0, ("b", "c"): 1}
    assert found["a", "b"].difference.center == pytest.approx(0.95, abs=0.15)


def test_numbers_of_values_must_fit() -> None:
    with pytest.raises(ValueError, match="3 were given beside 2"):
        compare([1, 2, 3], [1, 2])


def limit(share: float, trials: int) -> float:
    return float(scipy.stats.binom.ppf(0.999, trials, share)) / trials


@pytest.mark.parametrize("deviations", [simulate.UNEQUAL, (*simulate.UNEQUAL, 0.1, 0.1), (1.0,) * 3, (1.0,) * 5])
@pytest.mark.parametrize("count", [3, 5, 20])
def test_rows_that_are_equal_differ_in_at_most_5_of_100_tables(deviations: tuple[float, ...], count: int) -> None:
    """Three rows of equal spread reach 6 % at three seeds: the table of all figures is tests.txt."""
    assert simulate.differing(deviations, count, TABLES)["any pair, Holm"] <= limit(0.06, TABLES)


def test_a_row_that_differs_is_found_beside_one_whose_spread_hides_all_from_the_f_test() -> None:
    found = simulate.differing(simulate.UNEQUAL, 8, 100, shift=3.0)
    assert found["any pair, Holm"] > 0.7
    assert found["F-test"] < 0.3


def test_any_differ_by_hand() -> None:
    assert any_differ([0.01, math.nan, 0.5]) == 0.02
    assert any_differ([0.9, 0.8]) == 1
    assert math.isnan(any_differ([math.nan]))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, math.nan, 0.03]) == pytest.approx([0.03, 0.06, math.nan, 0.06], nan_ok=True)
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])


def test_holm_keeps_the_chance_of_any_false_find_at_5_percent() -> None:
    p = np.random.default_rng(0).uniform(size=(2_000, 6))
    assert 0.03 <= np.mean([holm(line).min() < 0.05 for line in p]) <= 0.07


def test_probability_of_improvement_counts_lower_as_better_and_ties_half() -> None:
    found = probability_of_improvement([1, 1, 1, 2], [2, 2, 1, 1])
    assert found.center == pytest.approx(2.5 / 4)
    certain = probability_of_improvement([1, 1, 1], [2, 2, 2])
    assert certain.center == 1
    assert certain.low < 0.5, "three wins out of three are no certainty"
    assert math.isnan(probability_of_improvement([], []).center)
