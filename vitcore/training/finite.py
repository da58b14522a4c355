"""Whether a model's weights are numbers: those of a run that has diverged are kept and used nowhere."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def all_finite(tensors: Mapping[str, Tensor]) -> bool:
    """Whether no tensor, of any shape (...), holds NaN or infinity; waits for the device once."""
    kinds = [value for value in tensors.values() if value.is_floating_point() or value.is_complex()]
    return not kinds or bool(torch.stack([kind.isfinite().all() for kind in kinds]).all())


def bad(tensors: Mapping[str, Tensor]) -> list[str]:
    """The names of the tensors, of any shape (...), that hold NaN or infinity."""
    return [name for name, item in tensors.items() if not all_finite({name: item})]


def not_finite_message(names: list[str], of: int) -> str:
    """'3 of its 12 tensors hold NaN or infinity, such as head.weight'."""
    return f"{len(names):,} of its {of:,} tensors hold NaN or infinity, such as {names[0][:80]}"
