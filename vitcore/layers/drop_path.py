"""Stochastic depth: in training a residual branch is left out for some images (Huang et al. 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vitcore.layers.generators import source


class Residual(nn.Module):
    """x + branch, where in training each image loses its branch with a chance and the others' are scaled up.

    Shapes: (b n d) and (b n d) -> (b n d). One fused pass; the draws come from vitcore.layers.generators.
    """

    def __init__(self, p: float = 0.0) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor, branch: Tensor) -> Tensor:
        """x + branch, both (b n d) -> (b n d); in evaluation, or at a chance of 0, every branch counts as it is."""
        if not self.training or not self.p:
            return x + branch
        stored = torch.rand(x.shape[0], 1, 1, device=x.device, generator=source()) >= self.p
        return torch.addcmul(x, branch, stored.to(branch.dtype) / (1 - self.p))

    def extra_repr(self) -> str:
        """What print(model) says of it."""
        return f"chance={self.p:.3f}"


class DropPathNorm(nn.BatchNorm2d):
    """Batch normalization that ends a residual branch, which in training is left out for some images.

    Shapes: (b c y x) -> (b c y x); what is left out is 0, and the others' branches are scaled up. The statistics are
    those of all images.
    """

    def __init__(self, channels: int, p: float) -> None:
        super().__init__(channels)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """The branch (b c y x), normalized; whole in evaluation, or at a `p` of 0."""
        x = super().forward(x)
        if not self.training or not self.p:
            return x
        stored = torch.rand(x.shape[0], 1, 1, 1, device=x.device, generator=source()) >= self.p
        return x * (stored.to(x.dtype) / (1 - self.p))

    def extra_repr(self) -> str:
        """What print(model) says of it."""
        return f"{self.num_features}, p={self.p:.3f}"


def drop_path_schedule(p: float, depth: int) -> list[float]:
    """Chances from 0 at the first block to `chance` at the last, in equal steps.

    The linear decay of Huang et al. 2016, Section 3, begun at the first block instead of before it.
    """
    return [p * i / max(depth - 1, 1) for i in range(depth)]
