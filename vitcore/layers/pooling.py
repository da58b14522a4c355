"""Pooling: the encoder's tokens (b n d) become one vector an image (b d)."""

from __future__ import annotations

from torch import Tensor, nn


class SequencePool(nn.Module):
    """Weights over tokens from one learned linear map and a softmax (Hassani et al. 2021, Section 3.2)."""

    def __init__(self, embed_dim: int) -> None:
        super().__init__()
        self.score = nn.Linear(embed_dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d), weighted by what they hold: (b d)."""
        weights: Tensor = self.score(x).softmax(dim=1)  # (b n 1)
        return (weights.mT @ x).squeeze(1)


class ClassToken(nn.Module):
    """The token at `place`, which was put before the image's own (Dosovitskiy et al. 2021)."""

    def __init__(self, place: int = 0) -> None:
        super().__init__()
        self.place = place

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d) -> the one at `place`: (b d)."""
        return x[:, self.place]


class MeanPool(nn.Module):
    """The mean over tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d) -> their mean: (b d)."""
        return x.mean(dim=1)
