"""Recurrence: an LSTM over the tokens, as a residual (hybrid report, Section 2.2)."""

from __future__ import annotations

from torch import Tensor, nn


class RecurrentResidual(nn.Module):
    """LayerNorm(x + LSTM(x)): (b n d) -> (b n d)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x + self.lstm(x)[0])
