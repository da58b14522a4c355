"""A spec's network as its dataset has it: what is counted of it, and whether another package builds it at all."""

from __future__ import annotations

import functools
from dataclasses import fields

from vitcore.cost import workload
from vitcore.cost.description import Choice, Description, describe
from vitcore.models import architecture_of, timm_catalog
from vitcore.spec import RunSpec

_REMEMBERED = 256


def choice(spec: RunSpec) -> Choice:
    """What the spec and its dataset change of the architecture's own figures.

    Raises:
        UserError: the dataset is a folder that cannot be read.
    """
    known, model = workload.dataset(spec), spec.model
    return Choice(
        channels=known.channels,
        image_size=spec.data.image_size or known.image_size,
        classes=len(known.classes),
        **{each.name: getattr(model, each.name) for each in fields(Choice) if hasattr(model, each.name)},
    )


def check(spec: RunSpec) -> None:
    """Hold that a network of timm's takes the spec's images and options, which timm alone can tell; others are known.

    It takes seconds where timm is not imported yet, for a process of its own does it; the same is asked once.

    Raises:
        UserError: one sentence; timm is absent, has no such network, or cannot build it so.
    """
    if architecture_of(spec.model.architecture).family == timm_catalog.FAMILY:
        _described(spec.model.architecture, choice(spec), min(2, workload.batch(spec)))


@functools.lru_cache(maxsize=_REMEMBERED)
def _described(name: str, chosen: Choice, batch: int) -> Description:
    return describe(name, chosen, batch)
