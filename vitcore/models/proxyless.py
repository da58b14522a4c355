"""Proxyless-G, the CIFAR network of ProxylessNAS (Cai et al. 2019): a pyramid of 54 tree-structured blocks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vitcore.models import Options

# What the search found, a word a block. A block has two trees; a tree is two branches, each one edge and then two edges
# that are summed: 2 x 2 x 3 letters. 3, 5, 7: separable convolution of that size; d: 3x3 dilated by 2; a, m: average
# and maximum pooling 3x3; i: identity. Source: the authors' published configuration of the CIFAR-10 network.
SEARCHED = """
7dim7m555d77 aaai3imdi7dd 73ai5a33add5 a5d53dd737i7 a5did577amim 77mm35ad37ii dimm777537ii d57d57maa537 75mdiim3amad
53ii37357i57 775a35dadid3 5a5d33a775d3 m73m7d3a5m7i 3md77d5i3d73 dm3adda5ii5i 5d5iaad55573 7555d3im7d37 miid3i757mid
d5ama7573aam 7i7di7d37mm5 ma3didmm5mia d73aa337iadd dmam7i7didam 7m75mimadim7 ia55m5d7addm 3adidddaa3a3 dm77imm55m5d
3737aim377mm 7775a33id3a3 5aiia5a3a7am iad3i7i7maid 75im7dmdm777 3m37i35i335i dd37d733dimi mi5i5a3ai7ad 775mda775355
aaaada75iiia mia75iiaii7i d7m3i5a3iima 7a57a3ma3imm ia7ii7ia5ma7 d5iim57d75id miamamdi5a3i 75777ad3m77a ddmad37iddm5
aamd3md7diai ma7m335aidi3 57ddimm357mi 73m7dammm55m mia5d3573377 ia5377i7773a 553mai5am55i 3d3mmaimd733 73m75i5m3m37
""".split()  # noqa: SIM905  54 words read more easily than 54 literals
STEM, GROWTH = 16, 84  # channels of the first map, and what 54 blocks add to it (PyramidNet, Han et al. 2017)
EXPANSION = 4
HALVED_BEFORE = (18, 36)  # blocks that halve the map


def _normalized(channels: int, *convolutions: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), *convolutions)


def _edge(letter: str, channels: int) -> nn.Module:
    if letter == "i":
        return nn.Identity()
    if letter == "a":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    if letter == "m":
        return nn.MaxPool2d(3, stride=1, padding=1)
    kernel, dilation = (3, 2) if letter == "d" else (int(letter), 1)
    depthwise = nn.Conv2d(
        channels, channels, kernel, padding=kernel // 2 * dilation, dilation=dilation, groups=channels, bias=False
    )
    return _normalized(channels, depthwise, nn.Conv2d(channels, channels, 1, bias=False))


class Tree(nn.Module):
    """Two branches, summed; each is an edge and the sum of two more: (b c y x) -> (b c y x)."""

    def __init__(self, word: str, channels: int) -> None:
        super().__init__()
        self.stems = nn.ModuleList(_edge(letter, channels) for letter in word[::3])
        self.leaves = nn.ModuleList(_edge(letter, channels) for letter in (word[1], word[2], word[4], word[5]))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (b c y x) -> (b c y x)."""
        left, right = (stem(x) for stem in self.stems)
        a, b, c, d = self.leaves
        out: Tensor = (a(left) + b(left)) + (c(right) + d(right))
        return out


class TreeBlock(nn.Module):
    """1x1 in, a grouped 3x3 whose halves grow a tree each, 1x1 out; a shortcut without parameters.

    Where the map is halved the shortcut is a mean over 2x2 pixels; the channels that it lacks are zeros, as in
    PyramidNet (Han et al. 2017).
    """

    def __init__(self, word: str, before: int, inner: int, stride: int) -> None:
        super().__init__()
        self.stride, self.added = stride, EXPANSION * inner - before
        self.narrow = nn.Sequential(nn.BatchNorm2d(before), nn.Conv2d(before, inner, 1, bias=False))
        grouped = nn.Conv2d(inner, 2 * inner, 3, stride=stride, padding=1, groups=2, bias=False)
        self.grow = _normalized(inner, grouped)
        self.trees = nn.ModuleList([Tree(word[:6], inner), Tree(word[6:], inner)])
        self.norms = nn.ModuleList([nn.BatchNorm2d(inner), nn.BatchNorm2d(inner)])
        self.widen = _normalized(inner, nn.Conv2d(inner, EXPANSION * inner, 1, bias=False))
        self.norm = nn.BatchNorm2d(EXPANSION * inner)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (b c y x) -> (b k y x), k being `EXPANSION` times the inner channels; y and x fall by the stride."""
        # Channels are shuffled between the two groups, so that either tree sees both.
        split = rearrange(self.grow(self.narrow(x)), "b (g c) y x -> b (c g) y x", g=2)
        first, second = split.chunk(2, dim=1)
        first = first + self.norms[0](self.trees[0](first))
        second = second + self.norms[1](self.trees[1](second))
        out: Tensor = self.norm(self.widen(first + second))
        shortcut = F.avg_pool2d(x, self.stride, ceil_mode=True) if self.stride > 1 else x
        return out + F.pad(shortcut, (0, 0, 0, 0, 0, self.added))


def build(config: Mapping[str, Any], options: Options) -> nn.Sequential:
    """5.73 M parameters at 3x32x32 and 10 classes; the mean over the last map takes other sides too."""
    count = len(SEARCHED)
    inner = [round(STEM + GROWTH * place / count) // 2 * 2 for place in range(1, count + 1)]
    widths = [STEM, *(EXPANSION * width for width in inner)]
    blocks = [
        TreeBlock(word, before, after // EXPANSION, stride=2 if place in HALVED_BEFORE else 1)
        for place, (word, (before, after)) in enumerate(zip(SEARCHED, pairwise(widths), strict=True))
    ]
    model = nn.Sequential(
        nn.Conv2d(options.channels, STEM, 3, padding=1, bias=False),
        nn.BatchNorm2d(STEM),
        *blocks,
        nn.BatchNorm2d(widths[-1]),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(widths[-1], options.classes),
    )
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model
