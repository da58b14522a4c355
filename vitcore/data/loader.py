"""Batches out of one uint8 tensor: on the training device where it fits, else memory-mapped and sent by batch."""

from __future__ import annotations

import psutil
import torch
from torch import Tensor

from vitcore.data.seeds import make_generator

SHARE = 0.5  # of the free memory: a dataset that takes more is left on disk and read batch by batch


class Batches:
    """Training samples in an order that a seed alone decides, epoch by epoch.

    Two models with one seed see the same images in the same order. With `repeats` above 1 an image stands as often
    side by side, to be changed anew each time, and an epoch has only its share of the images (repeated augmentation,
    Hoffer et al. 2020; timm's RepeatAugSampler on one process). A last batch of a single image is left out,
    since statistics over one image (batch normalization) mean nothing; everything else is shown in every epoch.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        rows: Tensor,
        batch_size: int,
        seed: int,
        device: torch.device,
        repeats: int = 1,
    ) -> None:
        whole = images.numel() * images.element_size() <= SHARE * free_memory(device)
        self.images = images.to(device) if whole else images
        self.labels = labels.to(device) if whole else labels
        self._rows, self._size, self._seed, self._device = rows, batch_size, seed, device
        self._repeats = repeats
        alone = len(rows) > 1 and len(rows) % batch_size == 1 and batch_size > 1
        self.steps = -(-len(rows) // batch_size) - int(alone)

    def order(self, epoch: int) -> Tensor:
        """Row numbers of this epoch (from 0), on the device that holds the images."""
        order = torch.randperm(len(self._rows), generator=make_generator(self._seed, "order", epoch))
        if self._repeats > 1:
            distinct = -(-len(order) // self._repeats)
            order = order[:distinct].repeat_interleave(self._repeats)[: len(order)]
        return self._rows[order].to(self.images.device)

    def batch(self, order: Tensor, position: int) -> tuple[Tensor, Tensor]:
        """Images (b c y x) uint8 and labels (b,) of one step, on the training device."""
        rows = order[position * self._size : (position + 1) * self._size]
        images, labels = self.images.index_select(0, rows), self.labels.index_select(0, rows)
        if images.device != self._device:
            images, labels = images.to(self._device, non_blocking=True), labels.to(self._device, non_blocking=True)
        return images, labels


def free_memory(device: torch.device) -> int:
    """Bytes that may still be taken on `device`."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)
