"""Scales: there and back, inside their ends, and what a test set of so many images can tell."""

import numpy as np
import pytest

from vitcore.statistics.scales import PERCENT, POSITIVE, REAL, SHARE, Scale


@pytest.mark.parametrize("scale", [PERCENT, SHARE, POSITIVE, REAL], ids=lambda scale: f"{scale.kind}-{scale.top:g}")
@pytest.mark.parametrize("images", [None, 360, 10_000])
def test_there_and_back(scale: Scale, images: int | None) -> None:
    values = np.array([0.011, 0.2, 0.5, 0.93]) * scale.top
    np.testing.assert_allclose(scale.back(scale.to(values, images), images), values, rtol=1e-9)


def test_no_error_and_nothing_but_errors_have_a_place() -> None:
    assert np.isfinite(PERCENT.to([0, 100], 360)).all()
    np.testing.assert_allclose(PERCENT.back(PERCENT.to([0, 100], 360), 360), [0, 100], atol=1e-9)
    assert np.isfinite(PERCENT.to([0, 100])).all()


def test_the_resolution_is_the_binomial_error() -> None:
    random, images, error = np.random.default_rng(0), 360, 0.1
    known = random.binomial(images, error, 20_000) / images
    assert PERCENT.to(100 * known, images).var() == pytest.approx(PERCENT.resolution(10, images), rel=0.05)
    assert PERCENT.resolution(10, 10_000) < PERCENT.resolution(10, 360)
    assert PERCENT.resolution(10, None) == POSITIVE.resolution(10, 360) == 0


def test_a_difference_of_few_images_is_within_the_test_sets_own_error() -> None:
    """Four images of one sign alone are more than chance (2 · 2^-4 > 0.05 > two deviations of a count of four)."""
    for images in (360, 10_000):
        item = 100 / images
        for count, messages in ((1, False), (3, False), (8, True)):
            a, b = 5 + count * item, 5.0
            gap = float(PERCENT.to(a, images) - PERCENT.to(b, images))
            assert (gap / PERCENT.nested(a, b, images) ** 0.5 > 1.96) == messages, (images, count)
