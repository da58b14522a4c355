"""Recurrence: an LSTM over the tokens, as a residual (hybrid report, Section 2.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RecurrentResidual(nn.Module):
    """LayerNorm(x + LSTM(x)): (b n d) -> (b n d)."""

    def __init__(self, embed_dim: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(embed_dim, embed_dim, batch_first=True)
        self.norm = nn.LayerNorm(embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d), each with what the LSTM made of those up to it added, normalized: (b n d)."""
        if x.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            # oneDNN has no bfloat16 LSTM for CPUs without AVX-512, so there it recurs in its weights' precision.
            with torch.autocast("cpu", enabled=False):
                return self._added(x, x.to(self.norm.weight.dtype))
        return self._added(x, x)

    def _added(self, x: Tensor, recurred: Tensor) -> Tensor:
        out: Tensor = self.norm(x + self.lstm(recurred)[0])
        return out
