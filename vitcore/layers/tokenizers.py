"""Tokenizers: an image (b c y x) becomes tokens (b n d), row by row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from einops import rearrange
from torch import Tensor, nn


class PatchTokenizer(nn.Module):
    """Patches of p x p pixels, each through one linear map, as a convolution whose stride is its kernel.

    Dosovitskiy et al. 2021, Section 3.1 and the first term of Equation 1. Pixels beyond the last whole patch are left
    out, as a convolution leaves them (ViT-H/14 at 384 pixels).
    """

    def __init__(self, channels: int, embed_dim: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.convolutions = nn.ModuleList([nn.Conv2d(channels, embed_dim, patch, stride=patch)])

    def forward(self, image: Tensor) -> Tensor:
        """Images (b c y x) -> tokens (b n d), n being the patches."""
        x: Tensor = self.convolutions[0](image)
        return rearrange(x, "b d y x -> b (y x) d")

    def grid(self, image_size: int) -> int:
        """Tokens along one side."""
        return image_size // self.patch


class ConvolutionalTokenizer(nn.Module):
    """Convolution without bias, ReLU and max-pooling 3/2/1, once or several times (Hassani et al. 2021, Section 3.3).

    The stride is max(1, k//2 - 1) and the padding k//2, as in the authors' code, where hidden maps have 64 channels.

    Args:
        hidden: channels of every map but the last, or of each in turn.
    """

    def __init__(
        self, channels: int, embed_dim: int, kernel: int, convolutions: int, hidden_channels: int | Sequence[int] = 64
    ) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, max(1, kernel // 2 - 1)
        sizes = [
            channels,
            *((convolutions - 1) * [hidden_channels] if isinstance(hidden_channels, int) else hidden_channels),
            embed_dim,
        ]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, kernel, stride=self.stride, padding=kernel // 2, bias=False)
            for before, after in pairwise(sizes)
        )
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Images (b c y x) -> tokens (b n d), n being the pixels of the last map."""
        x = _channels_last(image)
        for convolution in self.convolutions:
            # ReLU and maximum commute; after the pooling there are four times fewer numbers to clip.
            x = self.pool(convolution(x)).relu_()
        return rearrange(x, "b d y x -> b (y x) d")

    def grid(self, image_size: int) -> int:
        """Tokens along one side."""
        for _ in self.convolutions:
            image_size = (image_size + 2 * (self.kernel // 2) - self.kernel) // self.stride + 1
            image_size = (image_size - 1) // 2 + 1
        return image_size


class QualityTokenizer(nn.Module):
    """Two convolutions, patches of their map, each weighted by its own quality (hybrid report, Section 2.1).

    conv 3 -> 32, ReLU, conv 32 -> 64 with stride 2, ReLU; patches of p x p of that map, flattened; each times
    sigmoid(linear(patch)), a score between 0 and 1; then one linear map to the width.
    """

    STRIDE = 2

    def __init__(self, channels: int, embed_dim: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(channels, 32, 3, padding=1), nn.Conv2d(32, 64, 3, stride=self.STRIDE, padding=1)]
        )
        self.quality = nn.Linear(64 * patch**2, 1)
        self.embedding = nn.Linear(64 * patch**2, embed_dim)

    def forward(self, image: Tensor) -> Tensor:
        """Images (b c y x) -> tokens (b n d), n being the patches of the second map."""
        x = _channels_last(image)
        for convolution in self.convolutions:
            x = convolution(x).relu_()
        patches = rearrange(x, "b c (y p) (x q) -> b (y x) (p q c)", p=self.patch, q=self.patch)
        tokens: Tensor = self.embedding(patches * self.quality(patches).sigmoid())
        return tokens

    def grid(self, image_size: int) -> int:
        """Tokens along one side."""
        return image_size // self.STRIDE // self.patch


def _channels_last(image: Tensor) -> Tensor:
    """The image with channels innermost, so that tokens lie in memory as they leave the last convolution.

    A copy, since one channel counts as innermost already and convolutions would then put theirs outermost.
    """
    return torch.empty_like(image, memory_format=torch.channels_last).copy_(image)
