"""Positions: what tells a token where it stands. Each adds to tokens (b n d)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LearnablePositions(nn.Module):
    """A vector for each place, drawn from a normal distribution cut at ±2."""

    def __init__(self, tokens: int, width: int, std: float) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(1, tokens, width))
        nn.init.trunc_normal_(self.table, std=std)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d), each with the vector of its place added: (b n d)."""
        return x + self.table


class SinusoidalPositions(nn.Module):
    """Fixed sines and cosines (Vaswani et al. 2017, Section 3.5); nothing is learnt."""

    table: Tensor

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.register_buffer("table", sinusoids(tokens, width).unsqueeze(0))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d), each with the sines and cosines of its place added: (b n d)."""
        return x + self.table


def sinusoids(tokens: int, width: int) -> Tensor:
    """(n d): sin(p / 10000^(2⌊i/2⌋/d)) for even i, the cosine for odd."""
    place = torch.arange(tokens, dtype=torch.float64).unsqueeze(1)
    pair = torch.arange(width, dtype=torch.float64).div(2, rounding_mode="floor")
    angle = place / 10000 ** (2 * pair / width)
    even = torch.arange(width) % 2 == 0
    return torch.where(even, angle.sin(), angle.cos()).float()


def positions(kind: str, tokens: int, width: int, std: float) -> nn.Module:
    """The module for "learnable", "sinusoidal" or "none".

    Raises:
        ValueError: another kind.
    """
    if kind == "learnable":
        return LearnablePositions(tokens, width, std)
    if kind == "sinusoidal":
        return SinusoidalPositions(tokens, width)
    if kind == "none":
        return nn.Identity()
    raise ValueError(f"there are no positions {kind!r}; there are learnable, sinusoidal, none")
