"""Centered kernel alignment against an independent restatement, and what it must be where it is known."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from vitcore.statistics.similarity import alignment, gram, hsic

RANDOM = np.random.default_rng(0)


def kernels(features: np.ndarray, blocks: int = 4) -> np.ndarray:
    return np.stack([gram(part) for part in np.split(features, blocks)])


def test_the_criterion_is_the_mean_over_all_ways_to_draw_four_images() -> None:
    """The U-statistic of Gretton et al. 2005 that Song et al. 2012 write without its sums."""
    first, second = (gram(RANDOM.normal(size=(6, 3))) for _ in range(2))
    total = [first[i, j] * (second[i, j] + second[q, r] - 2 * second[i, q]) for i, j, q, r in permutations(range(6), 4)]
    assert float(hsic(first, second)) == pytest.approx(float(np.mean(total)))


def test_a_rotation_and_a_scale_change_nothing() -> None:
    features = RANDOM.normal(size=(64, 5))
    rotation, _ = np.linalg.qr(RANDOM.normal(size=(5, 5)))
    found = alignment(kernels(features), kernels(7 * features @ rotation + 3))
    assert found.center == pytest.approx(1)
    assert found.low == pytest.approx(1)


def test_layers_of_nothing_in_common_are_about_0_however_wide_they_are() -> None:
    found = alignment(kernels(RANDOM.normal(size=(256, 500))), kernels(RANDOM.normal(size=(256, 500))))
    assert found.low < 0 < found.high
    assert abs(found.center) < 0.1


def test_a_layer_that_is_the_same_for_all_images_has_no_alignment() -> None:
    found = alignment(kernels(np.ones((64, 5))), kernels(RANDOM.normal(size=(64, 5))))
    assert math.isnan(found.center)


def test_one_block_tells_no_interval() -> None:
    features = RANDOM.normal(size=(16, 3))
    found = alignment(kernels(features, 1), kernels(features, 1))
    assert found.center == pytest.approx(1)
    assert not found.known


@pytest.mark.parametrize(("first", "second"), [((2, 8, 8), (2, 9, 9)), ((8, 8), (8, 8)), ((2, 3, 3), (2, 3, 3))])
def test_what_is_not_of_the_same_images_or_too_few_is_refused(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"same images|too few"):
        alignment(np.zeros(first), np.zeros(second))
