"""Two runs on the same images: the score interval against its definition, McNemar's p by hand, level and coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from scipy.optimize import minimize_scalar

from benchmarks.statistics import simulate
from vitcore.statistics.same_images import Errors

EXPERIMENTS = 400
LEAST = float(scipy.stats.binom.ppf(0.001, EXPERIMENTS, 0.93)) / EXPERIMENTS
AT_MOST = float(scipy.stats.binom.ppf(0.999, EXPERIMENTS, 0.05)) / EXPERIMENTS


def score(messages: Errors, difference: float) -> float:
    """By its definition: the likelihood's maximum under this difference is looked for by numbers."""
    first, second, n = messages.first_alone, messages.second_alone, messages.images
    neither = n - first - second

    def unlikely(rate: float) -> float:  # of the second's erring alone
        shares = (rate + difference, rate, 1 - 2 * rate - difference)
        return -sum(
            count * math.log(max(share, 1e-300)) for count, share in zip((first, second, neither), shares, strict=True)
        )

    bounds = (max(0.0, -difference), (1 - difference) / 2)
    rate = float(minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x)
    return (first - second - n * difference) / math.sqrt(n * (2 * rate + difference * (1 - difference)))


@pytest.mark.parametrize("counts", [(50, 1, 12, 2), (360, 10, 30, 22), (40, 3, 5, 5), (10_000, 90, 60, 30)])
def test_the_ends_are_the_differences_that_the_score_test_just_rejects(counts: tuple[int, int, int, int]) -> None:
    messages = Errors(*counts)
    found = messages.difference()
    assert found.center == pytest.approx((messages.first_alone - messages.second_alone) / messages.images)
    assert abs(score(messages, found.low)) == pytest.approx(1.959964, rel=1e-3)
    assert abs(score(messages, found.high)) == pytest.approx(1.959964, rel=1e-3)


def test_changing_sides_changes_the_sign() -> None:
    first, second = Errors(100, 4, 9, 2).difference(), Errors(100, 4, 2, 9).difference()
    assert (first.low, first.high) == pytest.approx((-second.high, -second.low))
    assert Errors(100, 4, 9, 2).p == Errors(100, 4, 2, 9).p


def test_p_is_that_of_a_fair_coin() -> None:
    assert Errors(100, 7, 5, 0).p == pytest.approx(2 / 2**5)
    assert Errors(100, 7, 3, 1).p == pytest.approx(2 * (1 + 4) / 2**4)
    assert Errors(100, 7, 0, 0).p == 1


def test_no_image_apart_is_no_proof_that_they_are_the_same() -> None:
    found = Errors(50, 3, 0, 0).difference()
    assert found.low < -0.05 < 0.05 < found.high


def test_one_errs_on_every_image() -> None:
    found = Errors(30, 0, 30, 0).difference()
    assert found.high == 1
    assert 0.7 < found.low < 1


@pytest.mark.parametrize("images", [360, 10_000])
@pytest.mark.parametrize("shared", [0.0, 0.9])
@pytest.mark.parametrize("rates", [(0.1, 0.1), (0.12, 0.1)])
def test_it_holds_what_it_promises(images: int, shared: float, rates: tuple[float, float]) -> None:
    found = simulate.on_same_images(images, rates, shared, EXPERIMENTS)
    assert found["held"] >= LEAST
    if rates[0] == rates[1]:
        assert found["p"] <= AT_MOST


def test_where_errors_are_shared_pairing_tells_more() -> None:
    paired = Errors(1000, 90, 10, 10).difference()
    alone = Errors(1000, 0, 100, 100).difference()
    assert np.ptp([paired.low, paired.high]) < 0.5 * np.ptp([alone.low, alone.high])


def test_no_images_tell_nothing_and_impossible_counts_are_refused() -> None:
    assert not Errors(0, 0, 0, 0).difference().known
    with pytest.raises(ValueError, match="out of"):
        Errors(10, 5, 4, 3)
    with pytest.raises(ValueError, match="out of"):
        Errors(10, -1, 4, 3)
