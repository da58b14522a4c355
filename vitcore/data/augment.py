"""Augmentation and normalization of whole batches, on the device that trains.

What is drawn at random is drawn on the CPU, a few numbers an image, from a generator handed in: the same images come
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
class MixedTargets:
    """What a batch is to be taken for: `share` of the loss goes to `labels`, the rest to `others` (none: all of it)."""

    labels: Tensor
    targets_b: Tensor | None = None
    share: float = 1.0

    def rows(self, part: slice) -> MixedTargets:
        """The same for some of the batch's images."""
        return MixedTargets(self.labels[part], None if self.targets_b is None else self.targets_b[part], self.share)


class Normalize:
    """uint8 to floats with mean 0 and deviation 1 over the training images of the dataset."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> None:
        center, spread = torch.tensor(mean, device=device), torch.tensor(std, device=device)
        self._scale = (1 / (255 * spread))[:, None, None]
        self._shift = (-center / spread)[:, None, None]

    def __call__(self, images: Tensor) -> Tensor:
        """(b c y x) uint8, or floats on the same 0 to 255, to float32."""
        return torch.addcmul(self._shift, images.float(), self._scale)


@dataclass(frozen=True)
class Augment:
    """The choices of a spec's `augment` section; every one may be off.

    `mean` (0 to 1, by channel) is the dataset's, `image_size` what resized crops come out at (None: as they come in).
    """

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
    image_size: int | None = None

    def images(self, images: Tensor, generator: Generator) -> Tensor:
        """(b c y x) uint8 in, changed image by image; still on the scale 0 to 255."""
        if self.resized_crop:
            share, ratio, way = self.resized_crop, self.resized_crop_ratio, self.interpolation
            images = resized_crop(images, share, ratio, way, generator, self.image_size)
        if self.crop:
            images = crop(images, self.crop, generator)
        if self.flip:
            images = flip(images, generator)
        if self.rotate:
            images = rotate(images, self.rotate, generator)
        if self.rand_augment and self.rand_augment_policy == "timm":
            magnitude, std = self.rand_augment, self.rand_augment_std
            images = rand_augment_timm(images, magnitude, std, self.interpolation, self.mean, generator)
        elif self.rand_augment:
            images = rand_augment(images, self.rand_augment, generator)
        if self.color_jitter:
            images = color_jitter(images, self.color_jitter, generator)
        return images

    def batch(
        self, images: Tensor, labels: Tensor, generator: Generator, epoch: int = 0
    ) -> tuple[Tensor, MixedTargets]:
        """Normalized (b c y x) in; boxes erased, images mixed with one another.

        Args:
            epoch: from 0; from `mixup_off_epoch` on nothing is mixed any more, where that is not 0.
        """
        if self.erasing and not self.erase_mixed:
            images = self._erased(images, generator)
        targets = MixedTargets(labels)
        if not self.mixup_off_epoch or epoch < self.mixup_off_epoch:
            images, targets = self._mixed(images, labels, generator)
        if self.erasing and self.erase_mixed:
            images = self._erased(images, generator)
        return images, targets

    def _erased(self, images: Tensor, generator: Generator) -> Tensor:
        if self.erasing_mode == "mean":
            return erase(images, self.erasing, generator)
        return erase_boxes(images, self.erasing, self.erasing_mode, self.erasing_count, generator)

    def _mixed(self, images: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, MixedTargets]:
        ways = [way for way, alpha in ((mixup, self.mixup), (cutmix, self.cutmix)) if alpha]
        if not ways or (self.mixup_prob < 1 and float(torch.rand((), generator=generator)) >= self.mixup_prob):
            return images, MixedTargets(labels)
        if len(ways) == 2 and self.mixup_switch_prob != 0.5:
            way = ways[int(float(torch.rand((), generator=generator)) < self.mixup_switch_prob)]
        else:  # one draw for even odds and for a single way: what earlier versions drew, to the bit
            way = ways[int(torch.randint(len(ways), (), generator=generator))]
        return way(images, labels, self.mixup if way is mixup else self.cutmix, generator)


def crop(images: Tensor, padding: int, generator: Generator) -> Tensor:
    """Each image shifted by up to `padding` pixels each way; zeros (black) come in from the edge."""
    b, c, image_size, _ = images.shape
    moves = torch.randint(2 * padding + 1, (2, b, 1), generator=generator).to(images.device)
    padded = F.pad(images, (padding,) * 4)
    places = torch.arange(image_size, device=images.device)
    rows, columns = moves[0] + places, moves[1] + places  # (b y), (b x)
    # One gather over flat pixels: several times quicker than indexing four axes.
    wide = image_size + 2 * padding
    flat = (
        (rows[:, :, None] * wide + columns[:, None, :])
        .reshape(b, 1, image_size * image_size)
        .expand(b, c, image_size * image_size)
    )
    return padded.reshape(b, c, wide * wide).gather(2, flat).reshape(b, c, image_size, image_size)


def flip(images: Tensor, generator: Generator) -> Tensor:
    """Half of the images, mirrored left to right."""
    mirrored = torch.rand(len(images), 1, 1, 1, generator=generator).to(images.device) < 0.5
    return torch.where(mirrored, images.flip(-1), images)


def rotate(images: Tensor, degrees: float, generator: Generator) -> Tensor:
    """Each image turned about its middle by up to `degrees` either way, bilinearly; black comes in."""
    angles = (torch.rand(len(images), generator=generator) * 2 - 1) * math.radians(degrees)
    cos, sin, none = angles.cos(), angles.sin(), torch.zeros_like(angles)
    turns = torch.stack([torch.stack([cos, -sin, none], 1), torch.stack([sin, cos, none], 1)], 1)  # (b 2 3)
    return warp(images, turns)


def warp(images: Tensor, maps: Tensor) -> Tensor:
    """Images looked up through affine maps (b 2 3) on coordinates from -1 to 1; floats on the scale 0 to 255."""
    grid = F.affine_grid(maps.to(images.device), list(images.shape), align_corners=False)
    return F.grid_sample(images.float(), grid, align_corners=False)


def erase(images: Tensor, p: float, generator: Generator) -> Tensor:
    """A box of 2 to 33 % of some images set to the mean (Zhong et al. 2020, Table 1's settings)."""
    b, _, image_size, _ = images.shape
    area = (0.02 + (0.33 - 0.02) * torch.rand(b, generator=generator)) * image_size * image_size
    stretch = torch.exp((torch.rand(b, generator=generator) * 2 - 1) * math.log(1 / 0.3)).sqrt()
    height = (area.sqrt() * stretch).round().clamp(1, image_size).long()
    width = (area.sqrt() / stretch).round().clamp(1, image_size).long()
    top = (torch.rand(b, generator=generator) * (image_size - height + 1)).long()
    left = (torch.rand(b, generator=generator) * (image_size - width + 1)).long()
    hit = torch.rand(b, generator=generator) < p
    inside = _box(top, top + height * hit, left, left + width, image_size)
    return images.masked_fill(inside[:, None].to(images.device), 0)


def _box(top: Tensor, bottom: Tensor, left: Tensor, right: Tensor, image_size: int) -> Tensor:
    """True within each image's box (b y x)."""
    places = torch.arange(image_size)
    rows = (places >= top[:, None]) & (places < bottom[:, None])
    columns = (places >= left[:, None]) & (places < right[:, None])
    return rows[:, :, None] & columns[:, None, :]


def mixup(images: Tensor, labels: Tensor, alpha: float, generator: Generator) -> tuple[Tensor, MixedTargets]:
    """Every image blended with another of the batch, one share for all (Zhang et al. 2018)."""
    share, partner = _beta(alpha, generator), torch.randperm(len(images), generator=generator).to(images.device)
    return images.lerp(images[partner], 1 - share), MixedTargets(labels, labels[partner], share)


def cutmix(images: Tensor, labels: Tensor, alpha: float, generator: Generator) -> tuple[Tensor, MixedTargets]:
    """One box of every image taken from another of the batch (Yun et al. 2019, Algorithm 1)."""
    image_size = images.shape[-1]
    length = image_size * math.sqrt(1 - _beta(alpha, generator))
    middle = torch.rand(2, generator=generator) * image_size
    top, left = (max(0, round(float(m) - length / 2)) for m in middle)
    bottom, right = (min(image_size, round(float(m) + length / 2)) for m in middle)
    partner = torch.randperm(len(images), generator=generator).to(images.device)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = images[partner, :, top:bottom, left:right]
    share = 1 - (bottom - top) * (right - left) / image_size**2
    return mixed, MixedTargets(labels, labels[partner], share)


def _beta(alpha: float, generator: Generator) -> float:
    """One draw from Beta(alpha, alpha); torch.distributions takes no generator, the function beneath it does."""
    return float(torch._sample_dirichlet(torch.tensor([alpha, alpha], dtype=torch.float64), generator)[0])
