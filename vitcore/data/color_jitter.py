"""Color jitter on whole batches: brightness, contrast and saturation, each by a factor of its own, in random order."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from vitcore.data.enhance import brightness, color, contrast

OPERATIONS = (brightness, contrast, color)  # color is what torchvision calls saturation


def color_jitter(images: Tensor, strength: float, generator: Generator) -> Tensor:
    """(b c y x) uint8 or floats from 0 to 255; floats on that scale come out.

    Factors are uniform in 1 ± `strength` (at least 0) and the order is drawn for each image, as by torchvision's
    ColorJitter(strength, strength, strength).
    """
    b = len(images)
    factors = 1 + strength * (2 * torch.rand(len(OPERATIONS), b, generator=generator) - 1)
    order = torch.rand(b, len(OPERATIONS), generator=generator).argsort(1)
    return jittered(images.float().round(), factors.clamp(min=0), order)


def jittered(images: Tensor, factors: Tensor, order: Tensor) -> Tensor:
    """The images changed by `factors` (operations b), each in its own `order` (b operations)."""
    for place in range(order.shape[1]):
        changed = images.clone()
        for number, operation in enumerate(OPERATIONS):
            rows = torch.nonzero(order[:, place] == number).flatten()
            if len(rows):
                there = rows.to(images.device)
                changed[there] = operation(images[there], factors[number, rows].to(images.device))
        images = changed
    return images
