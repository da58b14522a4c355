"""Which training samples are held out for validation: a share or a count, class by class, drawn by a seed of its own.

Epochs, best weights and early stopping are chosen by these, so that the test split is left to measure what was chosen
(Hastie, Tibshirani and Friedman 2009, Section 7.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vitcore.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

NAMED = 3  # classes in a sentence


def count(validation: float, samples: int) -> int:
    """How many of `samples` a share (below 1) or a count asks for."""
    return round(validation * samples) if validation < 1 else int(validation)


def quotas(sizes: Sequence[int], wanted: int) -> list[int]:
    """How many samples each class gives, for `wanted` in all: by largest remainder, the first of equal ones first."""
    exact = np.asarray(sizes, dtype=np.float64) * wanted / max(1, sum(sizes))
    found = np.floor(exact + 1e-9).astype(int)
    last = np.argsort(-(exact - found), kind="stable")[: wanted - int(found.sum())]
    found[last] += 1
    return [int(number) for number in found]


def check(validation: float, sizes: Sequence[int], classes: Sequence[str], name: str) -> list[int]:
    """The quotas of a training split `name` of these class sizes.

    Raises:
        UserError: some class would be left without a sample to validate or to train on.
    """
    total = sum(sizes)
    wanted = count(validation, total)
    asked = f"{validation:g} of the {total:,}" if validation < 1 else f"{wanted:,} of the {total:,}"
    if wanted >= total:
        raise UserError(
            f"validation: {asked} training images of {name} would leave none to train on; give a share such as 0.1, "
            f"or fewer than {total:,}"
        )
    found = quotas(sizes, wanted)
    present = [number for number, size in enumerate(sizes) if size]
    empty = [number for number in present if not found[number]]
    if empty:
        enough = math.ceil(total / min(sizes[number] for number in present))
        way = f"{enough:,} would do" if enough < total else "leave such classes out, or set validation to 0"
        raise UserError(
            f"validation: {asked} training images of {name} are {wanted:,}, so none of {_named(empty, classes)} would "
            f"be among them; {way}"
        )
    used = [number for number in present if found[number] >= sizes[number]]
    if used:
        raise UserError(
            f"validation: {asked} training images of {name} are {wanted:,}, so none of {_named(used, classes)} would "
            "be left to train on; give a smaller share or count"
        )
    return found


def split_off(labels: Tensor, validation: float, seed: int, classes: Sequence[str], name: str) -> tuple[Tensor, Tensor]:
    """The numbers of the samples that stay for training and of those held out, each (n,) int64 ascending.

    Args:
        labels: (samples,) of the training split.
        seed: of the draw alone, so that runs of other seeds are validated on the same samples.

    Raises:
        UserError: as `check`.
    """
    import torch

    from vitcore.data.seeds import make_generator

    sizes = torch.bincount(labels, minlength=len(classes)).tolist()
    wanted = check(validation, sizes, classes, name)
    order = torch.randperm(len(labels), generator=make_generator(seed, "validation"))
    by_class = order[torch.argsort(labels[order], stable=True)].split(sizes)
    held_out = torch.cat([of_class[:many] for of_class, many in zip(by_class, wanted, strict=True)]).sort().values
    stays = torch.ones(len(labels), dtype=torch.bool)
    stays[held_out] = False
    return stays.nonzero().flatten(), held_out


def _named(numbers: Sequence[int], classes: Sequence[str]) -> str:
    """'the class x', 'the classes x and y', 'the classes x, y, z and 7 more'."""
    names = [repr(classes[number]) if number < len(classes) else f"number {number}" for number in numbers[:NAMED]]
    more = len(numbers) - NAMED
    listed = ", ".join(names) + (f" and {more:,} more" if more > 0 else "")
    return f"the class{'es' * (len(numbers) > 1)} {listed}"
