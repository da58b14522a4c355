"""Whether a model's weights are numbers: those of a run that has diverged are kept and used nowhere."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def all_finite(tensors: Mapping[str, Tensor]) -> bool:
    """Whether no tensor, of any shape (...), holds NaN or infinity; waits for the device once."""
    kinds = [one for one in tensors.values() if one.is_floating_point() or one.is_complex()]
    return not kinds or bool(torch.stack([one.isfinite().all() for one in kinds]).all())


def bad(tensors: Mapping[str, Tensor]) -> list[str]:
    """The names of the tensors, of any shape (...), that hold NaN or infinity."""
    return [name for name, one in tensors.items() if not all_finite({name: one})]


def said(names: list[str], of: int) -> str:
    """'3 of its 12 tensors hold NaN or infinity, such as head.weight'."""
    return f"{len(names):,} of its {of:,} tensors hold NaN or infinity, such as {names[0][:80]}"
