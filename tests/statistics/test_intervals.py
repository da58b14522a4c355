"""Intervals of a typical run's value, on data with known truth; a fast sample of benchmarks/statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from benchmarks.statistics.simulate import coverage, on_test_set
from benchmarks.statistics.worlds import WORLDS
from vitcore.statistics.intervals import typical_band, typical_interval
from vitcore.statistics.scales import PERCENT, POSITIVE, REAL, Scale
from vitcore.statistics.spread import UNKNOWN, of_others, pooled

TABLES, ROWS = 40, 6


def beyond(share: float, trials: int) -> float:
    """What a share of `trials` stays above in 999 of 1,000 samples."""
    return float(scipy.stats.binom.ppf(0.001, trials, share)) / trials


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("count", [2, 3, 5, 8, 20])
def test_the_interval_covers_what_it_promises(world: str, count: int) -> None:
    """At least 93 %, and not all: an interval that always holds says nothing. The full figures: coverage.txt."""
    found = coverage(world, count, TABLES)["now: median"]
    assert found >= beyond(0.93, TABLES * ROWS)
    assert found <= 1 - beyond(0.005, TABLES * ROWS) or count < 8


def test_the_interval_of_before_did_not() -> None:
    assert coverage("contaminated", 3, TABLES)["before: mean"] < 0.6
    assert coverage("log-normal 1.2", 3, TABLES)["before: mean"] < 0.91
    assert coverage("log-normal 0.8", 3, TABLES)["below 0"] > 0.5


@pytest.mark.parametrize("images", [360, 10_000])
def test_the_test_sets_own_luck_is_part_of_the_interval(images: int) -> None:
    assert on_test_set(images, 20, TABLES) >= beyond(0.93, TABLES * ROWS)


@pytest.mark.parametrize("seed", range(20))
def test_no_interval_reaches_beyond_what_an_error_can_be(seed: int) -> None:
    """8.23 ± 16.86 was one of a real table."""
    random = np.random.default_rng(seed)
    for count in (2, 3, 5, 6, 20):
        values = np.minimum(8 * np.exp(random.normal(0, 1.2, count)), 100)
        found = typical_interval(values, PERCENT, images=10_000)
        assert 0 <= found.low <= found.center <= found.high <= 100


def test_none_and_one_tell_no_interval_and_nan_is_left_out() -> None:
    assert all(map(math.isnan, typical_interval([])))
    item = typical_interval([3.0])
    assert item.center == 3
    assert not item.known
    assert typical_interval([1, math.nan, 3]).center == 2


def test_equal_values_are_as_sure_as_the_test_set_allows() -> None:
    found = typical_interval([2.0, 2.0, 2.0], PERCENT, images=360)
    error = 100 * math.sqrt(0.02 * 0.98 / 360)
    assert found.high - 2.0 > 1.96 * error
    assert found.low < 2.0 - error
    finer = typical_interval([2.0, 2.0, 2.0], PERCENT, images=10_000)
    assert finer.high < found.high


def test_from_six_seeds_on_one_that_is_stuck_changes_little() -> None:
    ordinary = [5.0, 5.2, 4.9, 5.1, 5.3, 4.8, 5.0, 5.1, 4.9, 5.2, 5.0]
    found = typical_interval([*ordinary, 90.0], PERCENT)
    assert found.high < 6
    assert found.center == pytest.approx(5.05)


def test_a_spread_is_drawn_towards_those_of_comparable_cells() -> None:
    random = np.random.default_rng(0)
    alike = of_others([random.normal(0, 0.2, 3) for _ in range(12)])
    chosen = alike[0]
    assert chosen.variance == pytest.approx(0.04, rel=0.8)
    variance, degrees = chosen.moderated(0.002, 2)
    assert 0.002 < variance < 0.05
    assert degrees > 4
    assert chosen.moderated(40.0, 2) == (40.0, 2), "a cell that lies far apart keeps its own"
    assert UNKNOWN.moderated(0.5, 2) == (0.5, 2)


def test_few_or_equal_cells_make_no_prior() -> None:
    assert pooled([[1.0, 2.0]]) == UNKNOWN
    assert pooled([[1.0], [2.0], []]) == UNKNOWN
    assert pooled([[1.0, 1.0], [2.0, 2.0]]) == UNKNOWN
    assert pooled([[1.0, 1.0], [2.0, 2.1], [3.0, 3.2]]).degrees > 0


def test_the_interval_of_few_is_students_on_the_scale() -> None:
    values = np.array([1.0, 2.0, 4.0])
    found = typical_interval(values, REAL)
    known = scipy.stats.t.interval(0.95, 2, values.mean(), values.std(ddof=1) / math.sqrt(3))
    assert found[1:] == pytest.approx(known)
    assert found.center == 2


@pytest.mark.parametrize("images", [None, 360])
@pytest.mark.parametrize("scale", [PERCENT, REAL, POSITIVE])
def test_a_band_is_the_interval_of_each_of_its_points(scale: Scale, images: int | None) -> None:
    random = np.random.default_rng(0)
    values = np.minimum(8 * np.exp(random.normal(0, 1.2, (9, 40))), 99)
    values[random.random(values.shape) < 0.5] = np.nan
    values[:, 0], values[1:, 1], values[3, 2] = np.nan, np.nan, np.inf
    found = typical_band(values, scale, images=images)
    each = np.array([typical_interval(column, scale, images=images) for column in values.T])
    assert {2, 3, 6} <= set(np.isfinite(values).sum(axis=0)), "few and many"
    np.testing.assert_allclose(np.array(found), each.T)
