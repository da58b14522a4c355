"""Looking after every pair: how often it is wrong; a fast sample of benchmarks/statistics (sequential.txt)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from benchmarks.statistics import simulate
from vitcore.statistics.sequential import Decision, confidence_sequence, decide, e_value, first_decision

EXPERIMENTS = 250
AT_MOST = float(scipy.stats.binom.ppf(0.999, EXPERIMENTS, 0.05)) / EXPERIMENTS


@pytest.mark.parametrize("draw", ["normal", "skewed", "stuck"])
def test_equal_rows_are_said_to_differ_in_at_most_5_of_100_experiments(draw: str) -> None:
    assert simulate.sequential(draw, EXPERIMENTS)[Decision.DIFFERS] <= AT_MOST


@pytest.mark.parametrize("shift", [0.5, 0.7])
def test_a_difference_of_the_margin_is_seldom_said_to_be_smaller(shift: float) -> None:
    assert simulate.sequential("normal", EXPERIMENTS, shift=shift)[Decision.NO_LARGER] <= AT_MOST


def test_looking_at_a_t_test_after_every_pair_is_wrong_in_a_third() -> None:
    assert simulate.peeking(EXPERIMENTS) > 0.2


def test_a_large_difference_and_none_are_both_settled() -> None:
    assert simulate.sequential("normal", 100, shift=2.0)[Decision.DIFFERS] > 0.95
    assert simulate.sequential("normal", 100, margin=1.0)[Decision.NO_LARGER] > 0.8


def test_the_sequence_holds_the_means_that_the_e_value_does_not_reject() -> None:
    differences = np.random.default_rng(0).normal(1, 1, 12)
    found = confidence_sequence(differences)
    for end in (found.low, found.high):
        assert e_value(differences, end) == pytest.approx(20, rel=1e-6)
    assert e_value(differences, found.center) < 1


def test_the_e_value_is_the_bayes_factor_of_gonen_and_others() -> None:
    """Against the two densities themselves: t, and t of variance 1 + n (Gonen et al. 2005, equation 3)."""
    differences = np.array([0.3, 1.1, 0.9, 0.2, 1.4])
    count = len(differences)
    t = differences.mean() / differences.std(ddof=1) * math.sqrt(count)
    factor = math.sqrt(1 + count)
    ratio = scipy.stats.t.pdf(t / factor, count - 1) / factor / scipy.stats.t.pdf(t, count - 1)
    assert e_value(differences) == pytest.approx(ratio)


def test_the_e_value_is_one_on_average_where_nothing_differs() -> None:
    draws = np.random.default_rng(1).normal(size=(4_000, 6))
    assert np.mean([e_value(line) for line in draws]) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 1.5]])
def test_none_few_and_equal_ones_settle_nothing(values: list[float]) -> None:
    assert decide(values, 10.0) is Decision.OPEN
    assert not confidence_sequence(values).known
    assert first_decision(values, 10.0)[0] is Decision.OPEN
