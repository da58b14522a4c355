"""ResNets for CIFAR: ResNet56 and 110 (He et al. 2016a), ResNet1k-v2 with pre-activation (He et al. 2016b)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from vitcore.models import Options

STAGES = (16, 32, 64)


def _convolution(before: int, after: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, kernel, stride=stride, padding=kernel // 2, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; a shortcut without parameters (option A: every other pixel, channels padded by zeros).

    He et al. 2016a, Section 4.2, where CIFAR's networks have option A everywhere.
    """

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.stride, self.added = stride, after - before
        self.convolution1 = _convolution(before, after, 3, stride)
        self.norm1 = nn.BatchNorm2d(after)
        self.convolution2 = _convolution(after, after, 3)
        self.norm2 = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (b c y x) -> (b k y x); y and x are divided by the stride."""
        out: Tensor = self.norm1(self.convolution1(x)).relu()
        out = self.norm2(self.convolution2(out))
        if self.added:
            half = self.added // 2
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, self.added - half))
        out = (out + x).relu()
        return out


class PreactivationBottleneck(nn.Module):
    """Norm and ReLU before each of 1x1, 3x3, 1x1 convolutions; the first of a stage projects its shortcut.

    He et al. 2016b, Figure 4(e): full pre-activation.
    """

    def __init__(self, before: int, inner: int, stride: int) -> None:
        super().__init__()
        after = 4 * inner
        self.norm1 = nn.BatchNorm2d(before)
        self.convolution1 = _convolution(before, inner, 1)
        self.norm2 = nn.BatchNorm2d(inner)
        self.convolution2 = _convolution(inner, inner, 3, stride)
        self.norm3 = nn.BatchNorm2d(inner)
        self.convolution3 = _convolution(inner, after, 1)
        self.shortcut = _convolution(before, after, 1, stride) if before != after else None

    def forward(self, x: Tensor) -> Tensor:
        """Maps (b c y x) -> (b k y x), k being 4 times the inner channels; y and x are divided by the stride."""
        out: Tensor = self.norm1(x).relu()
        if self.shortcut is not None:
            x = self.shortcut(out)
        out = self.convolution1(out)
        out = self.convolution2(self.norm2(out).relu())
        out = self.convolution3(self.norm3(out).relu()) + x
        return out


def build(config: Mapping[str, Any], options: Options) -> nn.Sequential:
    """A 3x3 stem of 16 channels, three stages of as many blocks, mean over the map, linear head."""
    each, preactivation = config["blocks"], config["preactivation"]
    layers: list[nn.Module] = [_convolution(options.channels, STAGES[0], 3)]
    if not preactivation:
        layers += [nn.BatchNorm2d(STAGES[0]), nn.ReLU()]
    before = STAGES[0]
    for stage, inner in enumerate(STAGES):
        for place in range(each):
            stride = 2 if stage and not place else 1
            if preactivation:
                layers.append(PreactivationBottleneck(before, inner, stride))
                before = 4 * inner
            else:
                layers.append(BasicBlock(before, inner, stride))
                before = inner
    if preactivation:
        layers += [nn.BatchNorm2d(before), nn.ReLU()]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, options.classes)]
    for layer in layers:
        for module in layer.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(*layers)
