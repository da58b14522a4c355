"""Rates of divergence, exact."""

import math

import numpy as np
import pytest
import scipy.stats

from vitcore.statistics.divergence import rate, rates_differ


@pytest.mark.parametrize(("diverged", "of"), [(0, 3), (1, 3), (3, 3), (2, 20)])
def test_the_interval_is_clopper_and_pearsons(diverged: int, of: int) -> None:
    known = scipy.stats.binomtest(diverged, of).proportion_ci(0.95, method="exact")
    assert rate(diverged, of)[1:] == pytest.approx((known.low, known.high))


@pytest.mark.parametrize("truth", [0.05, 0.17, 0.5])
@pytest.mark.parametrize("of", [2, 3, 5, 20])
def test_it_covers_at_least_95_percent(truth: float, of: int) -> None:
    chances = scipy.stats.binom.pmf(np.arange(of + 1), of, truth)
    covered = [item.low <= truth <= item.high for item in (rate(count, of) for count in range(of + 1))]
    assert float((chances * covered).sum()) >= 0.95


def test_no_runs_and_impossible_counts() -> None:
    assert math.isnan(rate(0, 0).center)
    assert math.isnan(rates_differ(1, 2, 0, 0))
    with pytest.raises(ValueError, match="3 of 2 runs"):
        rate(3, 2)


def test_two_rates() -> None:
    assert rates_differ(3, 3, 0, 3) == pytest.approx(0.1), "three runs on either side cannot tell"
    assert rates_differ(6, 6, 0, 6) < 0.05
