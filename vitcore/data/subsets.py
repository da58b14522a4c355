"""Which rows a run trains on: the first n of a seed's own order, so that a smaller subset lies within a larger one."""

from __future__ import annotations

import torch
from torch import Tensor

from vitcore.data.seeds import make_generator
from vitcore.errors import UserError


def subset(rows: int, samples: int | None, replacement: bool, seed: int, labels: Tensor | None = None) -> Tensor:
    """Row numbers (samples,) int64 out of `rows`; all rows where `samples` is empty.

    With `labels` (rows,) the classes keep their shares, in every prefix as nearly as whole rows can.

    Raises:
        UserError: more rows without replacement than there are.
    """
    generator = make_generator(seed, "subset")
    wanted = rows if samples is None else samples
    if replacement:
        return _repeated(rows, wanted, labels, generator)
    if wanted > rows:
        raise UserError(
            f"{wanted:,} rows without replacement are more than the {rows:,} there are; "
            f"ask for at most {rows:,}, or draw with replacement"
        )
    order = torch.randperm(rows, generator=generator)
    return (order if labels is None else _interleaved(order, labels))[:wanted]


def _interleaved(order: Tensor, labels: Tensor) -> Tensor:
    """The same order, dealt so that every prefix holds each class by its share."""
    classes = labels[order]
    counts = torch.bincount(classes)
    by_class = torch.argsort(classes, stable=True)
    starts = torch.cumsum(counts, 0) - counts
    rank = torch.empty(len(order), dtype=torch.float64)
    rank[by_class] = (torch.arange(len(order)) - starts[classes[by_class]] + 0.5).double()
    return order[torch.argsort(rank / counts[classes], stable=True)]


def _repeated(rows: int, wanted: int, labels: Tensor | None, generator: torch.Generator) -> Tensor:
    """Rows that may come more than once; class by class in an even deal where the shares are to be kept."""
    if labels is None:
        return torch.randint(rows, (wanted,), generator=generator)
    order = _interleaved(torch.randperm(rows, generator=generator), labels)
    classes = labels[order].repeat(-(-wanted // rows))[:wanted]
    counts = torch.bincount(labels)
    starts = torch.cumsum(counts, 0) - counts
    within = (torch.rand(wanted, generator=generator, dtype=torch.float64) * counts[classes]).long()
    return torch.argsort(labels, stable=True)[starts[classes] + within]
