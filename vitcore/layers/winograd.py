"""A 3x3 convolution that trains with a quarter of the products: Winograd's minimal filtering, on a CPU.

F(4x4, 3x3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), Section 4.3: tiles of 6x6
numbers, four apart, become 36 matrix products over channels, where each four by four outputs cost 36 products a pair of
channels instead of 144. Around them stand small fixed maps, y = A'[(G w G') * (B' x B)]A in the paper's letters.

Legend: b batch, t tiles, c channels before, k channels after; p a tile's 36 points.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

TILE, STEP = 6, 4  # numbers along a tile's side, and from one tile to the next
CHUNK = 256  # tiles at a time, so that what lies between the products stays in the processor's cache
LEAST = 64  # channels on either side from which it pays (benchmarks/model/convolution.py)

INPUT = torch.tensor(  # B'
    [
        [4.0, 0.0, -5.0, 0.0, 1.0, 0.0],
        [0.0, -4.0, -4.0, 1.0, 1.0, 0.0],
        [0.0, 4.0, -4.0, -1.0, 1.0, 0.0],
        [0.0, -2.0, -1.0, 2.0, 1.0, 0.0],
        [0.0, 2.0, -1.0, -2.0, 1.0, 0.0],
        [0.0, 4.0, 0.0, -5.0, 0.0, 1.0],
    ]
)
WEIGHT = torch.tensor(  # G
    [
        [1 / 4, 0.0, 0.0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0.0, 0.0, 1.0],
    ]
)
OUTPUT = torch.tensor(  # A'
    [
        [1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
        [0.0, 1.0, -1.0, 2.0, -2.0, 0.0],
        [0.0, 1.0, 1.0, 4.0, 4.0, 0.0],
        [0.0, 1.0, -1.0, 8.0, -8.0, 1.0],
    ]
)


class Convolution3x3(nn.Conv2d):
    """nn.Conv2d of 3x3, stride 1 and padding 1: (b c y x) -> (b k y x); the same up to rounding, and quicker to train.

    Winograd's way is taken in float32 on a CPU while gradients are wanted, for LEAST channels or more on either side;
    whatever else comes goes torch's own way. It rounds to some 1e-5 of the largest number.
    """

    def __init__(self, before: int, after: int, *, bias: bool = True) -> None:
        super().__init__(before, after, 3, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (b c y x) -> (b k y x), by Winograd's way where it pays."""
        if not self._pays(x):
            return super().forward(x)
        y = filtered(x, self.weight)
        return y if self.bias is None else y + self.bias[:, None, None]

    def _pays(self, x: Tensor) -> bool:
        if not (self.training and torch.is_grad_enabled() and self.weight.requires_grad):
            return False
        plain = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
        return plain and min(self.in_channels, self.out_channels) >= LEAST


def filtered(x: Tensor, weight: Tensor) -> Tensor:
    """Winograd's way itself: x (b c y x), weight (k c 3 3) -> (b k y x), in float32 on a CPU."""
    y: Tensor = _Winograd.apply(x, weight)  # type: ignore[no-untyped-call]  # a class of ours, a method of torch's
    return y


class _Winograd(torch.autograd.Function):
    """x (b c y x), weight (k c 3 3) -> (b k y x), its channels innermost in memory."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        after, before, high, wide = *weight.shape[:2], *x.shape[2:]
        down, across = -(-high // STEP), -(-wide // STEP)
        maps = _mapped(WEIGHT, weight.permute(2, 3, 1, 0)).view(TILE**2, before, after)  # (p c k)
        out = x.new_empty(len(x), down, STEP, across, STEP, after)
        tiles, chunk = [], max(1, CHUNK // (down * across))  # (p t c) of each chunk of so many pictures
        for some, place in zip(x.split(chunk), out.split(chunk), strict=True):
            tiles.append(_mapped(INPUT, _cut(some, down, across)).view(TILE**2, -1, before))
            found = _mapped(OUTPUT, (tiles[-1] @ maps).view(TILE, TILE, -1))
            place.copy_(found.view(STEP, STEP, len(some), down, across, after).permute(2, 3, 0, 4, 1, 5))
        ctx.save_for_backward(maps, *tiles)
        ctx.sizes = high, wide, down, across, chunk
        return _cropped(out, 0, high, wide)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor]:
        maps, *tiles = ctx.saved_tensors
        (_, before, after), (high, wide, down, across, chunk) = maps.shape, ctx.sizes
        total = torch.zeros_like(maps)
        laid = gradient.new_empty(len(gradient), down + 1, STEP, across + 1, STEP, before)
        for some, known, place in zip(gradient.split(chunk), tiles, laid.split(chunk), strict=True):
            points = _mapped(OUTPUT.mT, _squares(some, down, across)).view(TILE**2, -1, after)  # (p t k)
            torch.baddbmm(total, known.mT, points, out=total)
            if ctx.needs_input_grad[0]:
                found = _mapped(INPUT.mT, (points @ maps.mT).view(TILE, TILE, -1))
                _lay(place, found.view(TILE, TILE, len(some), down, across, before).permute(2, 3, 0, 4, 1, 5))
        weight = _mapped(WEIGHT.mT, total.view(TILE, TILE, -1)).view(3, 3, before, after).permute(3, 2, 0, 1)
        return _cropped(laid, 1, high, wide) if ctx.needs_input_grad[0] else None, weight


def _mapped(small: Tensor, x: Tensor) -> Tensor:
    """`small` (p q) along both leading axes: (q q ...) -> (p p n)."""
    rows, columns = small.shape
    return small @ (small @ x.reshape(columns, -1)).view(rows, columns, -1)


def _cut(x: Tensor, down: int, across: int) -> Tensor:
    """(b c y x) -> its tiles of 6x6, four apart, with a rim of zeros: (6 6 b down across c), a view."""
    pictures, channels, high, wide = x.shape
    padded = x.new_empty(pictures, STEP * down + 2, STEP * across + 2, channels)
    padded[:, 1 : high + 1, 1 : wide + 1] = x.permute(0, 2, 3, 1)
    for rim in (padded[:, 0], padded[:, high + 1 :], padded[:, :, 0], padded[:, :, wide + 1 :]):
        rim.zero_()
    picture, row, place, channel = padded.stride()
    return padded.as_strided(
        (TILE, TILE, pictures, down, across, channels), (row, place, picture, STEP * row, STEP * place, channel)
    )


def _squares(gradient: Tensor, down: int, across: int) -> Tensor:
    """(b k y x) -> its squares of 4x4, filled up with zeros: (4 4 b down across k)."""
    pictures, channels, high, wide = gradient.shape
    if (high, wide) != (STEP * down, STEP * across):
        gradient = nn.functional.pad(gradient, (0, STEP * across - wide, 0, STEP * down - high))
    squares = gradient.permute(0, 2, 3, 1).reshape(pictures, down, STEP, across, STEP, channels)
    return squares.permute(2, 4, 0, 1, 3, 5)


def _lay(place: Tensor, tiles: Tensor) -> None:
    """Add up tiles (b down 6 across 6 c) that overlap by two, in (b down+1 4 across+1 4 c)."""
    place[:, -1].zero_(), place[:, :, :, -1].zero_()
    place[:, :-1, :, :-1] = tiles[:, :, :STEP, :, :STEP]
    place[:, 1:, :2, :-1] += tiles[:, :, STEP:, :, :STEP]
    place[:, :-1, :, 1:, :2] += tiles[:, :, :STEP, :, STEP:]
    place[:, 1:, :2, 1:, :2] += tiles[:, :, STEP:, :, STEP:]


def _cropped(laid: Tensor, rim: int, high: int, wide: int) -> Tensor:
    """(b down 4 across 4 c), from `rim` on: (b c y x)."""
    whole = laid.flatten(3, 4).flatten(1, 2)
    return whole[:, rim : rim + high, rim : rim + wide].permute(0, 3, 1, 2)
