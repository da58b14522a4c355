"""The confidence sequence: its closed form against an integral, its level if looked at after every pair, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from scipy.optimize import brentq

from vitcore.statistics import sequential
from vitcore.statistics.sequential import Interval, confidence_sequence, half_width, sign_evidence, verdict


def bayes_factor(t: float, pairs: int, prior: float) -> float:
    """By integration: a noncentral t against a central one, averaged over effects of variance `prior`."""
    nu, scale = pairs - 1, math.sqrt(pairs)
    effects = np.linspace(-12, 12, 24_001) * math.sqrt(prior)
    weights = scipy.stats.norm.pdf(effects, scale=math.sqrt(prior))
    density = scipy.stats.nct.pdf(t, nu, effects * scale)
    return float(np.trapezoid(density * weights, effects) / scipy.stats.t.pdf(t, nu))


@pytest.mark.parametrize(("pairs", "t"), [(4, 1.0), (5, 3.0), (9, 2.5), (20, 4.0)])
def test_the_closed_form_is_the_integral(pairs: int, t: float) -> None:
    gain, nu = 1 + pairs * sequential.PRIOR, pairs - 1
    closed = gain**-0.5 * ((1 + t**2 / nu) / (1 + t**2 / (nu * gain))) ** (pairs / 2)
    assert closed == pytest.approx(bayes_factor(t, pairs, sequential.PRIOR), rel=1e-3)


@pytest.mark.parametrize("pairs", [4, 6, 12, 40])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_end_of_the_interval_is_where_the_factor_reaches_one_in_alpha(pairs: int, alpha: float) -> None:
    gain, nu = 1 + pairs * sequential.PRIOR, pairs - 1

    def excess(t: float) -> float:
        factor = -0.5 * math.log(gain) + pairs / 2 * math.log((1 + t**2 / nu) / (1 + t**2 / (nu * gain)))
        return factor + math.log(alpha)

    if excess(1e9) < 0:
        assert half_width(pairs, 1.0, alpha) == math.inf
    else:
        assert half_width(pairs, 1.0, alpha) == pytest.approx(brentq(excess, 0, 1e9) / math.sqrt(pairs), rel=1e-6)


def test_looked_at_after_every_pair_it_is_wrong_as_seldom_as_promised() -> None:
    """A fixed-n test looked at as often is wrong several times as often: the promise is not a matter of course."""
    draws = np.random.default_rng(0).normal(size=(4000, 50))
    counts = np.arange(1, 51)
    means = draws.cumsum(1) / counts
    spread = np.sqrt(np.maximum((draws**2).cumsum(1) - counts * means**2, 0) / np.maximum(counts - 1, 1))
    reach = spread[:, 3:] * np.array([half_width(int(pairs), 1.0) for pairs in counts[3:]])
    wrong = (np.abs(means[:, 3:]) > reach).any(1).mean()
    fixed = scipy.stats.t.ppf(0.975, np.maximum(counts - 1, 1)) / np.sqrt(counts) * spread
    assert wrong <= 0.05
    assert (np.abs(means) > fixed)[:, 2:].any(1).mean() > 0.2


def test_two_equal_differences_have_an_interval_all_the_same() -> None:
    found = confidence_sequence([0.0] * 6, resolution=0.01)
    assert [each.high for each in found[:2]] == [math.inf, math.inf]
    assert all(each.high > 0 for each in found)
    assert found[-1].high < 0.05


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-0.4, 0.4, "equivalent"), (0.1, 0.4, "equivalent"), (0.1, 0.6, "second"), (-3, -0.1, "first"), (-1, 1, "open")],
)
def test_what_an_interval_settles(low: float, high: float, text: str) -> None:
    assert verdict(Interval(5, (low + high) / 2, low, high), 0.5) == text


def test_the_sign_evidence_is_fair_and_grows_where_all_point_one_way() -> None:
    assert sign_evidence(0, 0) == pytest.approx(1)
    for pairs in range(1, 12):  # its mean under fair coins is one: that is what makes it an e-value
        mean = sum(math.comb(pairs, k) / 2**pairs * sign_evidence(k, pairs - k) for k in range(pairs + 1))
        assert mean == pytest.approx(1)
    assert sign_evidence(10, 0) > 100 > sign_evidence(9, 0)
    assert sign_evidence(5000, 0) < math.inf


def test_what_is_no_input_is_refused() -> None:
    for deviation, alpha in ((1.0, 0.0), (-1.0, 0.05), (math.nan, 0.05)):
        with pytest.raises(ValueError, match=r"probability between|at least 0"):
            half_width(5, deviation, alpha)
    with pytest.raises(ValueError, match="finite"):
        confidence_sequence([1.0, math.nan])
    with pytest.raises(ValueError, match="above 0"):
        verdict(Interval(3, 0, -1, 1), 0)
    with pytest.raises(ValueError, match="at least 0"):
        sign_evidence(-1, 2)
