"""How much a spec asks for: images gone through in training, and in all its evaluations."""

from __future__ import annotations

import math

from vitcore.data import validation
from vitcore.data.load import described
from vitcore.data.registry import Dataset
from vitcore.spec import RunSpec


def dataset(spec: RunSpec) -> Dataset:
    """The spec's dataset; of one's own images with the classes and rows that are found there. Raises UserError."""
    return described(spec.data.dataset, spec.data.folder)


def val_samples(spec: RunSpec) -> int:
    """Images that epochs are chosen by; 0: none."""
    if spec.data.validation is None:
        return 0
    data = dataset(spec)
    return data.val_samples or validation.count(spec.data.validation, data.train_samples)


def samples(spec: RunSpec) -> int:
    """Images of an epoch: as many as were asked for, else all among which they are drawn."""
    if spec.data.samples is not None:
        return spec.data.samples
    data = dataset(spec)
    return data.train_samples - val_samples(spec) + data.test_samples * (spec.data.draw_from == "all")


def batch(spec: RunSpec) -> int:
    """Images of a step, of which there are no more than the epoch has."""
    return min(spec.training.batch_size, samples(spec))


def trained(spec: RunSpec) -> int:
    """Images gone through in training."""
    return samples(spec) * spec.training.epochs


def evaluated(spec: RunSpec) -> int:
    """Images answered in all evaluations, after every so many epochs and after the last.

    With validation the last and the best weights are tested, where any are; without it every evaluation is on the
    test images.
    """
    times = math.ceil(spec.training.epochs / spec.training.evaluate_every)
    validated, tested = val_samples(spec), dataset(spec).test_samples
    return validated * times + 2 * tested * spec.training.evaluate_test if validated else tested * times
