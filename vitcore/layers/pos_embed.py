"""Positions: what tells a token where it stands. Each adds to tokens (b n d)."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn


class LearnablePosEmbed(nn.Module):
    """A vector for each place, drawn from a normal distribution cut at ±2."""

    def __init__(self, tokens: int, embed_dim: int, std: float) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(1, tokens, embed_dim))
        nn.init.trunc_normal_(self.table, std=std)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d), each with the vector of its place added: (b n d)."""
        return x + self.table


class SinusoidalPosEmbed(nn.Module):
    """Fixed sines and cosines (Vaswani et al. 2017, Section 3.5); nothing is learned."""

    table: Tensor

    def __init__(self, tokens: int, embed_dim: int) -> None:
        super().__init__()
        self.register_buffer("table", sinusoids(tokens, embed_dim).unsqueeze(0))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d), each with the sines and cosines of its place added: (b n d)."""
        return x + self.table


def sinusoids(tokens: int, embed_dim: int) -> Tensor:
    """(n d): sin(p / 10000^(2⌊i/2⌋/d)) for even i, the cosine for odd."""
    place = torch.arange(tokens, dtype=torch.float64).unsqueeze(1)
    pair = torch.arange(embed_dim, dtype=torch.float64).div(2, rounding_mode="floor")
    angle = place / 10000 ** (2 * pair / embed_dim)
    even = torch.arange(embed_dim) % 2 == 0
    return torch.where(even, angle.sin(), angle.cos()).float()


def make_pos_embed(kind: str, tokens: int, embed_dim: int, std: float) -> nn.Module:
    """The module for "learnable", "sinusoidal" or "none".

    Raises:
        ValueError: another kind.
    """
    if kind == "learnable":
        return LearnablePosEmbed(tokens, embed_dim, std)
    if kind == "sinusoidal":
        return SinusoidalPosEmbed(tokens, embed_dim)
    if kind == "none":
        return nn.Identity()
    raise ValueError(f"there are no positions {kind!r}; there are learnable, sinusoidal, none")


def resized(table: Tensor, tokens: int, prefix: int, mode: Literal["bicubic", "bilinear"] = "bicubic") -> Tensor:
    """A learned (1 n d) table brought to another square grid; the first `prefix` rows stay as they are.

    Bicubic with antialiasing is timm's (`resample_abs_pos_embed`) and, but for the antialiasing, DeiT's (Touvron et al.
    2021, Section 6); bilinear without is what the authors of the compact family publish.

    Raises:
        ValueError: the grid of one of the two is no square.
    """
    first, grid = table[:, :prefix], table[:, prefix:]
    before, after = round(grid.shape[1] ** 0.5), round((tokens - prefix) ** 0.5)
    if before**2 != grid.shape[1] or after**2 != tokens - prefix:
        count = grid.shape[1] if before**2 != grid.shape[1] else tokens - prefix
        raise ValueError(f"{count} positions are not a square grid, so they cannot be resized")
    image = rearrange(grid, "b (y x) d -> b d y x", y=before).float()
    image = F.interpolate(image, size=(after, after), mode=mode, align_corners=False, antialias=mode == "bicubic")
    return torch.cat([first, rearrange(image, "b d y x -> b (y x) d").to(table.dtype)], dim=1)
