"""How many threads torch computes with: always as many in one place, since sums are rounded by it."""

from __future__ import annotations

import os

from vitcore.runs import slots


def use(threads: int | None = None) -> None:
    """As many threads as a slot has; None: one for each core of this process, unless OMP_NUM_THREADS says otherwise."""
    if threads is not None or "OMP_NUM_THREADS" not in os.environ:
        import torch

        torch.set_num_threads(threads or slots.cores())
