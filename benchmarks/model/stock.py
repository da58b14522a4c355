"""CCT as one would write it from torch's stock layers: nn.Conv2d, nn.MultiheadAttention, nn.LayerNorm, nn.GELU."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class StockBlock(nn.Module):
    """The block of Hassani et al.'s code, its attention torch's own module."""

    def __init__(self, width: int, heads: int, hidden: int, skip: float) -> None:
        super().__init__()
        self.pre_norm, self.norm1 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, dropout=0.1, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.activation, self.skip = nn.GELU(), skip

    def _keep_mask(self, branch: Tensor) -> Tensor:
        """Stochastic depth, as timm writes it."""
        if not self.training or not self.skip:
            return branch
        keep = 1 - self.skip
        mask = (keep + torch.rand(branch.shape[0], 1, 1, device=branch.device)).floor()
        return branch.div(keep) * mask

    def forward(self, x: Tensor) -> Tensor:
        y = self.pre_norm(x)
        x = self.norm1(x + self._keep_mask(self.attention(y, y, y)[0]))
        return x + self._keep_mask(self.linear2(self.activation(self.linear1(x))))


class StockCCT(nn.Module):
    """CCT-2/3x2: (b c y x) -> (b classes)."""

    def __init__(
        self, channels: int, image_size: int, classes: int, width: int = 128, layers: int = 2, heads: int = 2
    ) -> None:
        super().__init__()
        maps = [
            layer
            for before, after in ((channels, 64), (64, width))
            for layer in (nn.Conv2d(before, after, 3, padding=1, bias=False), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        ]
        self.tokenizer = nn.Sequential(*maps)
        self.positions = nn.Parameter(torch.randn(1, (image_size // 4) ** 2, width) * 0.2)
        self.blocks = nn.ModuleList(StockBlock(width, heads, width, 0.1 * number) for number in range(layers))
        self.norm, self.score, self.head = nn.LayerNorm(width), nn.Linear(width, 1), nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.tokenizer(x).flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        weights = self.score(x).softmax(dim=1).transpose(1, 2)
        return self.head((weights @ x).squeeze(1))
