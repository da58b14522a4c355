"""What an option accounts for: all of it, nothing, and how often nothing is taken for something."""

from __future__ import annotations

import numpy as np
import pytest

from vitcore.statistics.importance import FEWEST, importance


def test_an_option_that_decides_all_accounts_for_all() -> None:
    rates = np.geomspace(1e-4, 1e-1, 25)
    found = importance(rates.tolist(), 5 + (np.log10(rates) + 2.5) ** 2, log=True)
    assert found.share > 0.9
    assert found.noise < found.share <= 1
    assert found.shown
    choices = importance(["a", "b"] * 10, [1.0, 2.0] * 10)
    assert choices.share == pytest.approx(1)
    assert choices.shown
    assert importance([True, False] * 10, [1.0, 2.0] * 10).share == pytest.approx(1)


def test_of_options_without_effect_one_in_twenty_is_shown() -> None:
    draw = np.random.default_rng(0)
    found = [importance(draw.random(12).tolist(), draw.random(12), seed=at) for at in range(150)]
    assert 0.01 <= np.mean([each.shown for each in found]) <= 0.1
    assert np.mean([each.share for each in found]) > 0.1, "a dozen trials alone make that much of nothing"


def test_a_trial_that_diverged_does_not_drown_the_others() -> None:
    draw = np.random.default_rng(1)
    rates = draw.random(30)
    calm, once = 10 + rates, 10 + rates
    once[3] = 100.0
    assert importance(rates.tolist(), once).share == pytest.approx(importance(rates.tolist(), calm).share, abs=0.25)


@pytest.mark.parametrize(
    ("values", "errors"),
    [([1.0] * 8, range(8)), (list(range(FEWEST - 1)), range(FEWEST - 1)), (list(range(8)), [5.0] * 8), ([], [])],
)
def test_where_nothing_tells_nothing_is_said(values: list[float], errors: list[float]) -> None:
    found = importance(values, list(errors))
    assert np.isnan(found).all()
    assert not found.shown
