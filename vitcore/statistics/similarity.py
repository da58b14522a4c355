"""How alike two layers represent the same images: centered kernel alignment, its interval over images.

Kornblith, Norouzi, Lee and Hinton, "Similarity of Neural Network Representations Revisited" (ICML 2019), with a linear
kernel; in blocks of images with the unbiased estimator of the Hilbert-Schmidt criterion, so that few images do not make
wide layers look alike (Song et al. 2012, Equation 5; Nguyen, Raghu and Kornblith 2021, Section 2).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import stdtrit

from vitcore.statistics.intervals import NOTHING, Interval

LEAST = 4  # images of a block that the unbiased estimator needs


def gram(features: np.ndarray) -> np.ndarray:
    """The linear kernel (n n) of features (n d), its diagonal set to 0 as the unbiased estimator wants it."""
    flat = np.asarray(features, dtype=np.float64).reshape(len(features), -1)
    flat = flat - flat.mean(axis=0)
    kernel: np.ndarray = flat @ flat.T
    np.fill_diagonal(kernel, 0.0)
    return kernel


def hsic(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The unbiased Hilbert-Schmidt criterion (...) of kernels (... n n) whose diagonals are 0.

    Raises:
        ValueError: fewer than four images.
    """
    images = first.shape[-1]
    if images < LEAST:
        raise ValueError(f"{images} images are too few; there must be {LEAST}")
    both = (first * second).sum((-2, -1))
    sums = first.sum((-2, -1)) * second.sum((-2, -1)) / ((images - 1) * (images - 2))
    cross = 2 * (first.sum(-1) * second.sum(-1)).sum(-1) / (images - 2)
    found: np.ndarray = (both + sums - cross) / (images * (images - 3))
    return found


def alignment(first: np.ndarray, second: np.ndarray, level: float = 0.95) -> Interval:
    """Centered kernel alignment of two layers, 1 where they are alike but for a rotation and a scale, 0 by chance.

    The interval is the jackknife's over blocks (Student's t): over images, not over seeds.

    Args:
        first, second: kernels (blocks n n) of the same images, as `gram` makes them.

    Raises:
        ValueError: other blocks or images on either side, or too few.
    """
    if first.shape != second.shape or first.ndim != 3:
        raise ValueError(f"kernels of {first.shape} and of {second.shape} are not of the same images")
    products = np.stack([hsic(first, second), hsic(first, first), hsic(second, second)])  # (3 blocks)
    blocks = products.shape[1]
    center = _ratio(products.sum(1))
    if math.isnan(center):
        return NOTHING
    if blocks < 2:
        return Interval(center, math.nan, math.nan)
    without = np.array([_ratio(products.sum(1) - products[:, place]) for place in range(blocks)])
    if not np.isfinite(without).all():
        return Interval(center, math.nan, math.nan)
    error = math.sqrt((blocks - 1) / blocks * float(((without - without.mean()) ** 2).sum()))
    reach = float(stdtrit(blocks - 1, (1 + level) / 2)) * error
    return Interval(center, center - reach, min(1.0, center + reach))


def _ratio(sums: np.ndarray) -> float:
    """NaN where a layer is the same for all images."""
    both, first, second = (float(value) for value in sums)
    return both / math.sqrt(first * second) if first > 0 and second > 0 else math.nan
