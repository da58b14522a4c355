"""Too little memory, told in plain words with a way on."""

from __future__ import annotations

import torch

from vitcore.errors import Refusal
from vitcore.spec import RunSpec

SIGNS = ("can't allocate memory", "not enough memory", "out of memory", "cannot allocate memory")


def too_large(error: BaseException, spec: RunSpec) -> Refusal | None:
    """The refusal that `error` amounts to, or None where it is about something else than memory."""
    text = str(error).lower()
    if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not any(sign in text for sign in SIGNS):
        return None
    size = spec.training.batch_size
    if size == 1:
        return Refusal(
            f"{spec.model.architecture} does not fit into memory even with one picture a step; take a smaller one"
        )
    return Refusal(
        f"{spec.model.architecture} with {size:,} pictures a step does not fit into memory; "
        f"try a batch size of {max(1, size // 2):,}"
    )
