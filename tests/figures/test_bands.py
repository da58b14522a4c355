"""The bands of a group's curve, and what curves run over: against numbers worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from vitcore.figures import curve_plot
from vitcore.figures.medians import BANDS, median
from vitcore.statistics.scales import PERCENT, REAL

X = np.array([1.0, 2.0, 3.0])
RUNS = (np.array([10.0, 4.0, 99.0]), np.array([30.0, 8.0, 90.0]), np.array([20.0, 9.0, math.nan]))
LINES = [(X, values, values) for values in RUNS]


def test_the_range_is_from_the_smallest_to_the_largest_about_the_median() -> None:
    found = median(LINES, PERCENT, exact=True, band="range")
    np.testing.assert_allclose(found.center, [20, 8, 94.5])
    np.testing.assert_allclose(found.low, [10, 4, 90])
    np.testing.assert_allclose(found.high, [30, 9, 99])
    assert list(found.number) == [3, 3, 2]


def test_the_deviation_is_about_the_mean_and_ends_where_shares_end() -> None:
    found = median(LINES, PERCENT, exact=True, band="deviation")
    np.testing.assert_allclose(found.center, [20, 7, 94.5])
    np.testing.assert_allclose(found.low, [10, 7 - math.sqrt(7), 94.5 - 4.5 * math.sqrt(2)])
    np.testing.assert_allclose(found.high, [30, 7 + math.sqrt(7), 100])  # 94.5 + 6.4 is none
    beyond = median([(X, -values, -values) for values in RUNS], REAL, exact=True, band="deviation")
    np.testing.assert_allclose(beyond.low[2], -94.5 - 4.5 * math.sqrt(2))


@pytest.mark.parametrize("band", BANDS)
def test_a_single_run_has_no_band(band: str) -> None:
    found = median(LINES[:1], PERCENT, exact=True, band=band)
    np.testing.assert_allclose(found.center, RUNS[0])
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()


def test_an_unknown_band_is_named() -> None:
    epochs = pd.DataFrame({"run_id": ["a"], "epoch": [1], "accuracy": [0.5]})
    with pytest.raises(ValueError, match=r"'wide'.*interval, range, deviation"):
        curve_plot(epochs, band="wide")


def test_epochs_run_over_their_steps() -> None:
    epochs = pd.DataFrame({"run_id": ["a", "a", "b"], "epoch": [1, 2, 1], "accuracy": [0.5, 0.6, 0.7]})
    runs = pd.DataFrame({"id": ["a", "b"], "title": ["A", "B"], "steps_per_epoch": [20.0, math.nan]})
    (only,) = curve_plot(epochs, runs, x="step", log_x=True)["data"]  # where B stands is not known
    assert list(only["x"]) == [20, 40]
