"""One seed, many independent streams: every purpose and every step draws from a generator of its own.

A stream's seed is made from the run's seed, the purpose and a number such as the step, so what a step draws depends on
nothing that was drawn before: two models of one seed see the same images alike, and a resumed run needs no history.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derived(seed: int, purpose: str, number: int = 0) -> int:
    """The seed (63 bits) of one purpose's stream."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def make_generator(seed: int, purpose: str, number: int = 0) -> torch.Generator:
    """A CPU generator of one purpose's own."""
    import torch

    return torch.Generator().manual_seed(derived(seed, purpose, number))
