"""How much a spec asks for: images gone through in training, and how often the test images are answered."""

from __future__ import annotations

import math

from vitcore.data.load import described
from vitcore.data.registry import Dataset
from vitcore.spec import RunSpec


def dataset(spec: RunSpec) -> Dataset:
    """The spec's dataset; of one's own images with the classes and rows that are found there. Raises Refusal."""
    return described(spec.data.dataset, spec.data.folder)


def samples(spec: RunSpec) -> int:
    """Images of an epoch: as many as were asked for, else all among which they are drawn."""
    data = dataset(spec)
    return spec.data.samples or data.train_rows + data.test_rows * (spec.data.draw_from == "all")


def batch(spec: RunSpec) -> int:
    """Images of a step, of which there are no more than the epoch has."""
    return min(spec.training.batch_size, samples(spec))


def trained(spec: RunSpec) -> int:
    """Images gone through in training."""
    return samples(spec) * spec.training.epochs


def evaluations(spec: RunSpec) -> int:
    """How often the test images are answered: after every so many epochs, and after the last."""
    return math.ceil(spec.training.epochs / spec.training.evaluate_every)
