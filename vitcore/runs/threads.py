"""How many threads torch computes with: always as many on one machine, since sums are rounded by it."""

from __future__ import annotations

import os


def use_all_cores() -> None:
    """One thread for each core that this process may use, unless OMP_NUM_THREADS says otherwise."""
    if "OMP_NUM_THREADS" not in os.environ:
        import torch

        cores = os.cpu_count() or 1
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores)
