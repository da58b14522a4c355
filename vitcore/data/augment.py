"""Augmentation and normalisation of whole batches, on the device that trains.

What is drawn at random is drawn on the CPU, a few numbers a picture, from a generator handed in: the same pictures come
out of one seed whatever the device, and no step waits for an answer from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from vitcore.data.color_jitter import color_jitter
from vitcore.data.erasing import erase_boxes
from vitcore.data.rand_augment import rand_augment
from vitcore.data.rand_augment_timm import rand_augment_timm
from vitcore.data.resized_crop import resized_crop


@dataclass(frozen=True)
class Mixed:
    """What a batch is to be taken for: `share` of the loss goes to `labels`, the rest to `others` (none: all of it)."""

    labels: Tensor
    others: Tensor | None = None
    share: float = 1.0

    def rows(self, part: slice) -> Mixed:
        """The same for some of the batch's pictures."""
        return Mixed(self.labels[part], None if self.others is None else self.others[part], self.share)


class Normalise:
    """uint8 to floats with mean 0 and deviation 1 over the training pictures of the dataset."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> None:
        centre, spread = torch.tensor(mean, device=device), torch.tensor(std, device=device)
        self._scale = (1 / (255 * spread))[:, None, None]
        self._shift = (-centre / spread)[:, None, None]

    def __call__(self, images: Tensor) -> Tensor:
        """(b c y x) uint8, or floats on the same 0 to 255, to float32."""
        return torch.addcmul(self._shift, images.float(), self._scale)


@dataclass(frozen=True)
class Augment:
    """The choices of a spec's `augment` section; every one may be off. `mean` (0 to 1, by channel) is the dataset's."""

    crop: int = 0
    resized_crop: float = 0
    resized_crop_ratio: float = 4 / 3
    interpolation: str = "bilinear"
    flip: bool = False
    rotate: float = 0
    color_jitter: float = 0
    rand_augment: int = 0
    rand_augment_policy: str = "paper"
    rand_augment_std: float = 0
    erasing: float = 0
    erasing_mode: str = "mean"
    erasing_count: int = 1
    erase_mixed: bool = False
    mixup: float = 0
    cutmix: float = 0
    mixup_prob: float = 1
    mixup_switch_prob: float = 0.5
    mixup_off_epoch: int = 0
    mean: tuple[float, ...] = ()

    def pictures(self, images: Tensor, draws: Generator) -> Tensor:
        """(b c y x) uint8 in, changed picture by picture; still on the scale 0 to 255."""
        if self.resized_crop:
            images = resized_crop(images, self.resized_crop, self.resized_crop_ratio, self.interpolation, draws)
        if self.crop:
            images = crop(images, self.crop, draws)
        if self.flip:
            images = flip(images, draws)
        if self.rotate:
            images = rotate(images, self.rotate, draws)
        if self.rand_augment and self.rand_augment_policy == "timm":
            magnitude, std = self.rand_augment, self.rand_augment_std
            images = rand_augment_timm(images, magnitude, std, self.interpolation, self.mean, draws)
        elif self.rand_augment:
            images = rand_augment(images, self.rand_augment, draws)
        if self.color_jitter:
            images = color_jitter(images, self.color_jitter, draws)
        return images

    def batch(self, images: Tensor, labels: Tensor, draws: Generator, epoch: int = 0) -> tuple[Tensor, Mixed]:
        """Normalised (b c y x) in; boxes erased, pictures mixed with one another.

        Args:
            epoch: from 0; from `mixup_off_epoch` on nothing is mixed any more, where that is not 0.
        """
        if self.erasing and not self.erase_mixed:
            images = self._erased(images, draws)
        targets = Mixed(labels)
        if not self.mixup_off_epoch or epoch < self.mixup_off_epoch:
            images, targets = self._mixed(images, labels, draws)
        if self.erasing and self.erase_mixed:
            images = self._erased(images, draws)
        return images, targets

    def _erased(self, images: Tensor, draws: Generator) -> Tensor:
        if self.erasing_mode == "mean":
            return erase(images, self.erasing, draws)
        return erase_boxes(images, self.erasing, self.erasing_mode, self.erasing_count, draws)

    def _mixed(self, images: Tensor, labels: Tensor, draws: Generator) -> tuple[Tensor, Mixed]:
        ways = [way for way, alpha in ((mixup, self.mixup), (cutmix, self.cutmix)) if alpha]
        if not ways or (self.mixup_prob < 1 and float(torch.rand((), generator=draws)) >= self.mixup_prob):
            return images, Mixed(labels)
        if len(ways) == 2 and self.mixup_switch_prob != 0.5:
            way = ways[int(float(torch.rand((), generator=draws)) < self.mixup_switch_prob)]
        else:  # one draw for even odds and for a single way: what earlier versions drew, to the bit
            way = ways[int(torch.randint(len(ways), (), generator=draws))]
        return way(images, labels, self.mixup if way is mixup else self.cutmix, draws)


def crop(images: Tensor, padding: int, draws: Generator) -> Tensor:
    """Each picture shifted by up to `padding` pixels each way; zeros (black) come in from the edge."""
    b, c, side, _ = images.shape
    moves = torch.randint(2 * padding + 1, (2, b, 1), generator=draws).to(images.device)
    padded = F.pad(images, (padding,) * 4)
    places = torch.arange(side, device=images.device)
    rows, columns = moves[0] + places, moves[1] + places  # (b y), (b x)
    # One gather over flat pixels: several times quicker than indexing four axes.
    wide = side + 2 * padding
    flat = (rows[:, :, None] * wide + columns[:, None, :]).reshape(b, 1, side * side).expand(b, c, side * side)
    return padded.reshape(b, c, wide * wide).gather(2, flat).reshape(b, c, side, side)


def flip(images: Tensor, draws: Generator) -> Tensor:
    """Half of the pictures, mirrored left to right."""
    mirrored = torch.rand(len(images), 1, 1, 1, generator=draws).to(images.device) < 0.5
    return torch.where(mirrored, images.flip(-1), images)


def rotate(images: Tensor, degrees: float, draws: Generator) -> Tensor:
    """Each picture turned about its middle by up to `degrees` either way, bilinearly; black comes in."""
    angles = (torch.rand(len(images), generator=draws) * 2 - 1) * math.radians(degrees)
    cos, sin, none = angles.cos(), angles.sin(), torch.zeros_like(angles)
    turns = torch.stack([torch.stack([cos, -sin, none], 1), torch.stack([sin, cos, none], 1)], 1)  # (b 2 3)
    return warp(images, turns)


def warp(images: Tensor, maps: Tensor) -> Tensor:
    """Pictures looked up through affine maps (b 2 3) on coordinates from -1 to 1; floats on the scale 0 to 255."""
    grid = F.affine_grid(maps.to(images.device), list(images.shape), align_corners=False)
    return F.grid_sample(images.float(), grid, align_corners=False)


def erase(images: Tensor, chance: float, draws: Generator) -> Tensor:
    """A box of 2 to 33 % of some pictures set to the mean (Zhong et al. 2020, Table 1's settings)."""
    b, _, side, _ = images.shape
    area = (0.02 + (0.33 - 0.02) * torch.rand(b, generator=draws)) * side * side
    stretch = torch.exp((torch.rand(b, generator=draws) * 2 - 1) * math.log(1 / 0.3)).sqrt()
    height = (area.sqrt() * stretch).round().clamp(1, side).long()
    width = (area.sqrt() / stretch).round().clamp(1, side).long()
    top = (torch.rand(b, generator=draws) * (side - height + 1)).long()
    left = (torch.rand(b, generator=draws) * (side - width + 1)).long()
    hit = torch.rand(b, generator=draws) < chance
    inside = _box(top, top + height * hit, left, left + width, side)
    return images.masked_fill(inside[:, None].to(images.device), 0)


def _box(top: Tensor, bottom: Tensor, left: Tensor, right: Tensor, side: int) -> Tensor:
    """True within each picture's box (b y x)."""
    places = torch.arange(side)
    rows = (places >= top[:, None]) & (places < bottom[:, None])
    columns = (places >= left[:, None]) & (places < right[:, None])
    return rows[:, :, None] & columns[:, None, :]


def mixup(images: Tensor, labels: Tensor, alpha: float, draws: Generator) -> tuple[Tensor, Mixed]:
    """Every picture blended with another of the batch, one share for all (Zhang et al. 2018)."""
    share, partner = _beta(alpha, draws), torch.randperm(len(images), generator=draws).to(images.device)
    return images.lerp(images[partner], 1 - share), Mixed(labels, labels[partner], share)


def cutmix(images: Tensor, labels: Tensor, alpha: float, draws: Generator) -> tuple[Tensor, Mixed]:
    """One box of every picture taken from another of the batch (Yun et al. 2019, Algorithm 1)."""
    side = images.shape[-1]
    length = side * math.sqrt(1 - _beta(alpha, draws))
    middle = torch.rand(2, generator=draws) * side
    top, left = (max(0, round(float(m) - length / 2)) for m in middle)
    bottom, right = (min(side, round(float(m) + length / 2)) for m in middle)
    partner = torch.randperm(len(images), generator=draws).to(images.device)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = images[partner, :, top:bottom, left:right]
    share = 1 - (bottom - top) * (right - left) / side**2
    return mixed, Mixed(labels, labels[partner], share)


def _beta(alpha: float, draws: Generator) -> float:
    """One draw from Beta(alpha, alpha); torch.distributions takes no generator, the function beneath it does."""
    return float(torch._sample_dirichlet(torch.tensor([alpha, alpha], dtype=torch.float64), draws)[0])
