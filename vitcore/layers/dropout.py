"""Dropout that does not cost a CPU more than the attention it regularizes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitcore.layers.generators import source

_LEVELS = 2**16


class Dropout(nn.Module):
    """Each number is set to 0 with a chance and the others are scaled up, in training alone; any shape.

    On a CPU torch draws one Bernoulli number at a time; here one draw of 64 bits decides four places, at half the
    cost. The chance is then a whole number of 65,536ths, and the scale is that number's own, so the mean stays exact.
    Draws come from vitcore.layers.generators.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Numbers of any shape (...) -> (...), some of them 0 in training; in evaluation x itself."""
        dropped = min(round(self.p * _LEVELS), _LEVELS - 1)
        if not self.training or not dropped:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.p)
        bits = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None, generator=source())
        stored = bits.view(torch.int16)[: x.numel()].view(x.shape) >= dropped - _LEVELS // 2
        return x * (stored.to(x.dtype) * (_LEVELS / (_LEVELS - dropped)))

    def extra_repr(self) -> str:
        """What print(model) says of it."""
        return f"chance={self.p}"
