"""Memory: kept between steps, and told of in plain words where there is too little."""

from __future__ import annotations

import ctypes
import sys

import torch

from vitcore.errors import UserError
from vitcore.spec import RunSpec

SIGNS = ("can't allocate memory", "not enough memory", "out of memory", "cannot allocate memory")


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGE = 2**30


def keep_pages() -> None:
    """Have glibc keep the memory that one step frees for the next.

    By its default each large tensor is handed back to the system when freed, and its pages are zeroed again at the next
    step: some 10 % of a CCT-2/3x2 step on a CPU. Where there is no glibc nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    except OSError:  # a statically linked Python has no library to ask; it only gains less
        return
    if set_option is not None:
        set_option(M_MMAP_THRESHOLD, LARGE)
        set_option(M_TRIM_THRESHOLD, LARGE)


def too_large(error: BaseException, spec: RunSpec) -> UserError | None:
    """The refusal that `error` amounts to, or None where it is about something else than memory."""
    text = str(error).lower()
    if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not any(sign in text for sign in SIGNS):
        return None
    size = spec.training.batch_size
    if size == 1:
        return UserError(
            f"{spec.model.architecture} does not fit into memory even with one image a step; take a smaller one"
        )
    return UserError(
        f"{spec.model.architecture} with {size:,} images a step does not fit into memory; "
        f"try a batch size of {max(1, size // 2):,}, or bfloat16"
    )
