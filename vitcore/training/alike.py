"""Whether the processes of a run hold the same before they begin: its data, its weights, and where it stands."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from vitcore.data import identity
from vitcore.errors import UserError
from vitcore.training.ranks import Ranks
from vitcore.training.state import TrainingState


def hold_alike(ranks: Ranks, parts: TrainingState) -> None:
    """Hold that every process is ready and has what the first has; all call this together.

    Raises:
        UserError: one could not make itself ready, or has other data or weights.
    """
    own = {"data": identity.digest(parts.images), "weights": _digest(parts.model.state_dict())}
    first, *others = ranks.exchange(own)
    for rank, other in enumerate(others, 1):
        if "error" in other:
            raise UserError(f"process {rank + 1} of {ranks.count}: {other['error']}")
        for name, digest in first.items():
            if other[name] != digest:
                raise UserError(
                    f"process {rank + 1} of {ranks.count} has other {name} than the first; give all of them the same "
                    "data, results folder and kind of machine"
                )


def _digest(weights: dict[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name, value in weights.items():
        found.update(name.encode())
        found.update(value.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:24]
