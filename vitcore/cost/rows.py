"""How many images a run goes through: in an epoch of training, and in all its evaluations."""

from __future__ import annotations

import math

from vitcore.data import validation
from vitcore.data.registry import Dataset
from vitcore.spec import RunSpec


def held_out(spec: RunSpec, data: Dataset) -> int:
    """Images that epochs are chosen by; 0: none."""
    if spec.data.validation is None:
        return 0
    return data.val_rows or validation.count(spec.data.validation, data.train_rows)


def trained(spec: RunSpec, data: Dataset) -> int:
    """Images in an epoch of training.

    Args:
        data: the dataset, with the rows that were found in a folder of one's own.
    """
    if spec.data.samples is not None:
        return spec.data.samples
    drawn = data.train_rows - held_out(spec, data)
    return drawn + (data.test_rows if spec.data.draw_from == "all" else 0)


def evaluated(spec: RunSpec, data: Dataset) -> int:
    """Images in all evaluations; with validation the last and the best weights are tested, without every evaluation is
    on the test images.
    """
    times = math.ceil(spec.training.epochs / spec.training.evaluate_every)
    held = held_out(spec, data)
    return held * times + 2 * data.test_rows if held else data.test_rows * times
