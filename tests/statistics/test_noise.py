"""The noise of one run, from pairs that are one function."""

import numpy as np
import pytest

from vitcore.reproduction.verdicts import published_floor, published_spread
from vitcore.statistics.noise import noise_floor


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
    assert published_spread("performer").degrees == 14
    assert published_spread("slides").degrees == 0
