"""What a program answered to the test images, as whatever array it has them in; and what that comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vitcore.errors import UserError

MOST_CLASSES = 65_536  # as predictions.bin holds them
_ROUNDING = 0.005  # by which an accuracy that was told may differ from that of the predictions


def truth_of(given: Any, classes: int) -> np.ndarray:
    """The true class of each test image (images,) int64; `classes`: how many have names, 0: unknown. UserError."""
    labels = _array(given, "truth")
    if labels.ndim == 2 and labels.shape[1] == 1:  # as Keras gives CIFAR's
        labels = labels[:, 0]
    if labels.ndim != 1 or not len(labels) or labels.dtype.kind not in "iu":
        raise UserError(
            f"truth is one whole number an image, its true class; given was an array of {_shape(labels)} "
            f"({labels.dtype})"
        )
    _within(labels, classes or MOST_CLASSES, "truth")
    return labels.astype(np.int64)


def classes_of(given: Any, images: int | None, classes: int, beside: str = "truth has") -> np.ndarray:
    """The class answered to each image (images,) int64, of classes or of scores (images, classes).

    Args:
        images: how many there are to be; None: any number.
        classes: likewise; 0: not known yet.
        beside: who says how many images there are.

    Raises:
        UserError: they are something else, or of other images.
    """
    answers = _array(given, "predictions")
    if answers.ndim == 2 and 1 < answers.shape[1] == (classes or answers.shape[1]) and answers.dtype.kind in "fiu":
        if answers.dtype.kind == "f" and not np.isfinite(answers).all():
            raise UserError("predictions hold scores that are no numbers; give the classes answered instead")
        answers = answers.argmax(1)
    elif answers.ndim == 2 and answers.shape[1] == 1:
        answers = answers[:, 0]
    if answers.ndim != 1 or answers.dtype.kind not in "iu":
        raise UserError(
            "predictions are the class of each test image, or one score for each of the "
            f"{f'{classes:,} ' if classes else ''}classes; given was an array of {_shape(answers)} ({answers.dtype})"
        )
    if not len(answers) or (images is not None and len(answers) != images):
        wanted = f"{beside} {images:,} images" if images else "there is at least one test image"
        raise UserError(f"{len(answers):,} predictions were given, and {wanted}; give one for each, in the same order")
    _within(answers, classes or MOST_CLASSES, "predictions")
    return answers.astype(np.int64)


def matrix(truth: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """Images by true class and class answered (classes, classes) int64."""
    found: np.ndarray = np.bincount(truth * classes + answers, minlength=classes * classes)
    return found.reshape(classes, classes)


def scores(truth: np.ndarray, answers: np.ndarray, classes: int, given: Mapping[str, float]) -> dict[str, float]:
    """What was given of an epoch with the scores that its predictions come to, which are exact.

    Raises:
        UserError: an accuracy was given that is not theirs: they are of other images, or in another order.
    """
    right, claimed = float((truth == answers).mean()), given.get("accuracy")
    if claimed is not None and abs(claimed - right) > _ROUNDING:
        raise UserError(
            f"accuracy {claimed:.4g} was given, and the predictions come to {right:.4g}; they must be of the images "
            "of truth, in its order"
        )
    hits, *totals = (np.bincount(each, minlength=classes) for each in (truth[truth == answers], truth, answers))
    f1 = float((2 * hits / np.maximum(sum(totals), 1)).mean())  # as the trainer has it
    return {**given, "f1": f1, "accuracy": right, "error_percent": 100 * (1 - right)}


def _array(given: Any, what: str) -> np.ndarray:
    """As numpy has it; a tensor on another device, or one that wants gradients, comes over first."""
    for step in ("detach", "cpu"):
        given = getattr(given, step)() if callable(getattr(given, step, None)) else given
    try:
        found = np.asarray(given)
    except (ValueError, TypeError) as error:
        raise UserError(f"{what} cannot be read as an array: {str(error)[:120]}") from None
    return found


def _within(numbers: np.ndarray, classes: int, what: str) -> None:
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high >= classes:
        raise UserError(
            f"{what} hold class {low if low < 0 else high}, and there are {classes:,}, from 0 to {classes - 1:,}; "
            "name them all by classes=[...] where truth lacks some"
        )


def _shape(found: np.ndarray) -> str:
    return " x ".join(f"{length:,}" for length in found.shape) or "one value"
