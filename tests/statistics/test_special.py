"""Quantiles and tails that scipy.special has are those of scipy.stats, which takes a second longer to load."""

import math

import numpy as np
import pytest
import scipy.stats

from vitcore.statistics.divergence import rate
from vitcore.statistics.intervals import t_limit
from vitcore.statistics.proportions import sign_test
from vitcore.statistics.seeds_needed import _below, _power


@pytest.mark.parametrize("degrees", [1, 2, 3.7, 19, 400])
def test_students_t(degrees: float) -> None:
    assert t_limit(0.95, degrees) == pytest.approx(scipy.stats.t.ppf(0.975, degrees), rel=1e-12)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 0), (0, 7), (5, 5), (8, 21), (400, 311)])
def test_the_sign_test_is_the_exact_binomial(first: int, second: int) -> None:
    wanted = scipy.stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert sign_test(first, second) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize(("diverged", "of"), [(0, 3), (1, 3), (3, 3), (7, 40)])
def test_clopper_and_pearsons_interval(diverged: int, of: int) -> None:
    wanted = scipy.stats.binomtest(diverged, of).proportion_ci(0.95, method="exact")
    found = rate(diverged, of)
    np.testing.assert_allclose([found.low, found.high], [wanted.low, wanted.high], rtol=1e-10)


@pytest.mark.parametrize("noncentral", [-30.0, -2.0, 0.0, 1.5, 8.0, 60.0])
def test_the_noncentral_t(noncentral: float) -> None:
    for statistic, degrees in ((-3.0, 2), (0.5, 4.5), (12.0, 9), (70.0, 3)):
        wanted = scipy.stats.nct.cdf(statistic, degrees, noncentral)
        if math.isfinite(wanted):
            assert _below(statistic, degrees, noncentral) == pytest.approx(wanted, rel=1e-8, abs=1e-12)


def test_power_is_that_of_the_frozen_distribution() -> None:
    for size, count in ((0.2, 30), (0.8, 5), (3.0, 40)):
        shifted, limit = scipy.stats.nct(count - 1, size * math.sqrt(count)), t_limit(0.95, count - 1)
        assert _power(size, count, 0.05) == pytest.approx(shifted.sf(limit) + shifted.cdf(-limit), rel=1e-9)
