"""Statistics on data with known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from vitcore.reproduction.verdicts import published_floor
from vitcore.statistics.intervals import (
    half_widths,
    holm,
    mean_interval,
    more_seeds,
    noise_floor,
    paired_interval,
    paired_p,
    pooled_floor,
    probability_of_improvement,
    seeds_for,
)

TRIALS = 3_000


@pytest.mark.parametrize("count", [2, 3, 5, 20])
def test_the_interval_of_a_mean_covers_95_percent(count: int) -> None:
    draws = np.random.default_rng(count).normal(7, 2, size=(TRIALS, count))
    covered = [low <= 7 <= high for _, low, high in map(mean_interval, draws)]
    assert 0.93 <= np.mean(covered) <= 0.97


@pytest.mark.parametrize("count", [3, 5, 8, 12])
def test_the_interval_of_a_paired_difference_covers_95_percent(count: int) -> None:
    random = np.random.default_rng(100 + count)
    covered = 0
    for trial in range(1_500):
        shared = random.normal(0, 3, count)  # what a seed does to both: pairing takes it out
        a, b = shared + random.normal(0.5, 1, count), shared + random.normal(0, 1, count)
        found = paired_interval(a, b, seed=trial, resamples=1_000)
        covered += found.low <= 0.5 <= found.high
    assert 0.93 <= covered / 1_500 <= 0.97


def test_bca_follows_a_skewed_difference() -> None:
    values = np.random.default_rng(3).exponential(size=60)
    plain, bent = (paired_interval(values, np.zeros(60), method=method) for method in ("percentile", "bca"))
    assert bent.high > plain.high
    assert bent.low > plain.low - 0.05
    reference = scipy.stats.bootstrap((values,), np.mean, n_resamples=5_000, method="BCa", rng=np.random.default_rng(0))
    assert bent[1:] == pytest.approx(reference.confidence_interval, abs=0.03)


def test_the_same_values_give_the_same_interval() -> None:
    a, b = np.arange(12.0), np.arange(12.0) ** 1.1
    assert paired_interval(a, b) == paired_interval(a, b)


def test_none_one_and_nan_values_claim_nothing() -> None:
    assert all(map(math.isnan, mean_interval([])))
    assert mean_interval([3.0]).mean == 3
    assert math.isnan(mean_interval([3.0]).low)
    assert mean_interval([1, math.nan, 3]).mean == 2
    assert math.isnan(paired_p([1], [2]))
    assert math.isnan(probability_of_improvement([], []).mean)
    assert more_seeds([1], [2]) is None
    with pytest.raises(ValueError, match="3 were given beside 2"):
        paired_interval([1, 2, 3], [1, 2])


def test_probability_of_improvement_counts_lower_as_better_and_ties_half() -> None:
    found = probability_of_improvement([1, 1, 1, 2], [2, 2, 1, 1])
    assert found.mean == pytest.approx(2.5 / 4)
    certain = probability_of_improvement([1, 1, 1], [2, 2, 2])
    assert certain.mean == 1
    assert certain.low < 0.5, "three wins out of three are no certainty"


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, math.nan, 0.03]) == pytest.approx([0.03, 0.06, math.nan, 0.06], nan_ok=True)
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])


def test_holm_keeps_the_chance_of_any_false_find_at_5_percent() -> None:
    p = np.random.default_rng(0).uniform(size=(2_000, 6))
    assert 0.03 <= np.mean([holm(line).min() < 0.05 for line in p]) <= 0.07


@pytest.mark.parametrize(("effect", "known"), [(0.5, 34), (0.8, 15), (1.0, 10), (1.5, 6), (0.2, 199)])
def test_seeds_needed_match_the_published_tables_of_power(effect: float, known: int) -> None:
    """Cohen's tables and G*Power, paired t-test, power 0.8, alpha 0.05, two-sided."""
    assert abs((seeds_for(effect, 1.0) or 0) - known) <= 1


@pytest.mark.parametrize("effect", [0.7, 1.2])
def test_seeds_needed_are_right_within_one_by_simulation(effect: float) -> None:
    needed = seeds_for(effect, 1.0)
    assert needed is not None
    random = np.random.default_rng(11)

    def power(count: int) -> float:
        draws = random.normal(effect, 1, size=(20_000, count))
        return float((scipy.stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05).mean())

    assert power(needed + 1) >= 0.8
    assert power(needed - 2) < 0.8


def test_more_seeds_subtracts_those_at_hand() -> None:
    a = [1.0, 3.0, 2.0, 4.0]
    wanted = seeds_for(1.0, float(np.std(a, ddof=1)))
    assert wanted is not None
    assert more_seeds(a, [0.0] * 4, effect=1.0) == wanted - 4
    assert more_seeds([5.0, 5.1, 5.0], [1.0, 1.0, 1.0]) == 0
    assert more_seeds([1.0, 2.0], [1.0, 2.0]) is None, "what does not differ is never settled"


def test_the_noise_floor_finds_the_noise_that_was_put_in() -> None:
    random = np.random.default_rng(5)
    found = [noise_floor(random.normal(6, 1.4, size=(14, 2)).tolist()) for _ in range(2_000)]
    assert np.mean([floor.low <= 1.4 <= floor.high for floor in found]) == pytest.approx(0.95, abs=0.02)
    beyond = [abs(np.diff(random.normal(6, 1.4, 2))[0]) > floor.difference() for floor in found]
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.02)


def test_the_noise_floor_of_the_performer_report_is_1_4_points() -> None:
    floor = published_floor("performer")
    assert floor.degrees == 14
    assert floor.deviation == pytest.approx(1.4, abs=0.05)


def test_the_pooled_floor_ignores_the_groups_means() -> None:
    random = np.random.default_rng(6)
    floor = pooled_floor([random.normal(mean, 0.5, 5) for mean in range(60)] + [np.array([100.0])])
    assert floor.degrees == 240
    assert floor.deviation == pytest.approx(0.5, abs=0.05)
    assert pooled_floor([[1.0], []]).degrees == 0


def test_half_widths_of_many_means_are_those_of_each() -> None:
    random = np.random.default_rng(0)
    samples = [random.normal(size=count) for count in (2, 3, 10, 1)]
    found = half_widths(
        [len(one) for one in samples], [float(np.std(one, ddof=1)) if len(one) > 1 else 0.0 for one in samples]
    )
    assert found[:3] == pytest.approx([mean_interval(one).half_width for one in samples[:3]])
    assert math.isnan(found[3]), "one value tells no interval"
