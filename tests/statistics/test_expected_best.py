"""The expected best of so many trials, against every subset there is, and where nothing may be said."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from vitcore.statistics.expected_best import (
    FEWEST,
    difference,
    expected_best,
    expected_best_course,
    known_to,
    mean_course,
    mean_difference,
)


def test_it_is_the_mean_over_all_ways_to_take_so_many() -> None:
    errors = np.random.default_rng(0).random(9)
    for budget, found in enumerate(expected_best(errors), start=1):
        assert found == pytest.approx(np.mean([min(subset) for subset in combinations(errors, budget)]))


def test_many_trials_are_no_trouble_for_the_binomials() -> None:
    errors = np.random.default_rng(1).random(1_000)
    found = expected_best(errors)
    assert np.isfinite(found).all()
    assert (np.diff(found) <= 1e-12).all()
    assert (found[0], found[-1]) == (pytest.approx(errors.mean()), pytest.approx(errors.min()))
    assert found[9] == pytest.approx(1 / 11, abs=0.02), "the least of ten uniform draws"


def test_an_interval_stands_where_it_holds_and_nowhere_else() -> None:
    errors = 5 + 30 * np.random.default_rng(2).random(24) ** 2
    course = expected_best_course(errors)
    assert known_to(24) == 6
    assert np.isfinite(course.low[:6]).all()
    assert np.isnan(course.low[6:]).all()
    assert (course.low[:6] <= course.center[:6]).all()
    assert (course.center[:6] <= course.high[:6]).all()
    few = expected_best_course(errors[: FEWEST - 1])
    assert np.isnan(few.low).all()
    assert not few.at(1).known
    assert not course.at(0).known
    assert not course.at(25).known
    assert len(expected_best_course([]).center) == 0


def test_of_equal_errors_nothing_sure_is_said() -> None:
    """Eight trials that all diverged, or three searches that found the same: no spread was seen, which is not none."""
    assert not expected_best_course([100.0] * 8).at(1).known
    assert not difference([100.0] * 8, [90.0] * 8, 1).known
    assert difference([100.0] * 8, [90.0, 80.0] * 4, 1).known
    assert not mean_course([[5.0], [5.0], [5.0]]).at(1).known
    assert mean_course([[10.0], [50.0], [90.0]]).at(1).high == 100.0


def test_bias_and_coverage_are_what_the_benchmark_says() -> None:
    """Of 300 searches of 24 trials; the whole table is benchmarks/measured/expected_best.txt."""
    draw = np.random.default_rng(3)
    truth = float((5 + 30 * draw.random((200_000, 6)) ** 2).min(1).mean())
    found = [expected_best_course(5 + 30 * draw.random(24) ** 2).at(6) for _ in range(300)]
    assert np.mean([item.center for item in found]) == pytest.approx(truth, abs=0.15)
    assert np.mean([item.low <= truth <= item.high for item in found]) > 0.9


def test_arms_differ_where_they_do() -> None:
    draw = np.random.default_rng(4)
    worse, better = 20 + 10 * draw.random(24), 5 + 10 * draw.random(24)
    found = difference(worse, better, 6)
    assert found.low > 0
    assert difference(better, worse, 6).high < 0
    assert not difference(worse, better[:4], 6).known
    assert difference(worse, worse, 6).center == 0
    assert difference(worse, worse, 6).low < 0 < difference(worse, worse, 6).high


def test_searches_that_depend_on_themselves_have_a_mean_from_three_on() -> None:
    best = np.array([[9.0, 5.0], [8.0, 6.0], [10.0, 4.0]])
    course = mean_course(best)
    assert course.center.tolist() == [9.0, 5.0]
    assert course.at(2).low < 5 < course.at(2).high
    assert not mean_course(best[:2]).at(1).known
    assert mean_course(best[:2]).at(1).center == 8.5
    assert not mean_difference([1.0, 2.0], [3.0, 4.0, 5.0]).known
    assert not mean_difference([1.0] * 3, [3.0] * 3).known, "no spread at all is none that can be believed"
    assert mean_difference([1.0, 1.1, 0.9], [3.0, 3.1, 2.9]).high < 0
