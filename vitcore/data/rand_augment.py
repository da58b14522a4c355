"""RandAugment on whole batches (Cubuk et al. 2020, Figure 2): two of fourteen operations an image, one magnitude."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

LARGEST = 30  # magnitudes go from 0 to this
ROUNDS = 2
GRAY = (0.299, 0.587, 0.114)


def rand_augment(images: Tensor, magnitude: int, generator: Generator) -> Tensor:
    """(b c y x) uint8 or floats from 0 to 255; floats on that scale come out.

    Which image gets which operation is drawn on the CPU, so images are grouped there and no step waits for the
    device.
    """
    images, strength = images.float(), magnitude / LARGEST
    for _ in range(ROUNDS):
        chosen = torch.randint(len(OPERATIONS), (len(images),), generator=generator)
        signs = torch.randint(2, (len(images),), generator=generator) * 2.0 - 1
        changed = images.clone()
        for number, operation in enumerate(OPERATIONS.values()):
            rows = torch.nonzero(chosen == number).flatten()
            if len(rows):
                there = rows.to(images.device)
                changed[there] = operation(images[there], strength, signs[rows].to(images.device))
        images = changed
    return images


def _affine(images: Tensor, rows: list[list[Tensor]]) -> Tensor:
    maps = torch.stack([torch.stack(row, 1) for row in rows], 1)
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def identity(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Images (b c y x) as they are, at any strength."""
    return images


def shear_x(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Sheared along x by up to 0.3: (b c y x), strength from 0 to 1, signs (b) of ±1 -> (b c y x)."""
    item, none = torch.ones_like(signs), torch.zeros_like(signs)
    return _affine(images, [[item, signs * 0.3 * strength, none], [none, item, none]])


def shear_y(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Sheared along y by up to 0.3: (b c y x), strength from 0 to 1, signs (b) of ±1 -> (b c y x)."""
    item, none = torch.ones_like(signs), torch.zeros_like(signs)
    return _affine(images, [[item, none, none], [signs * 0.3 * strength, item, none]])


def translate_x(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Moved along x by up to 0.45 of the width: (b c y x), strength from 0 to 1, signs (b) of ±1 -> (b c y x)."""
    item, none = torch.ones_like(signs), torch.zeros_like(signs)
    return _affine(images, [[item, none, signs * 0.9 * strength], [none, item, none]])


def translate_y(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Moved along y by up to 0.45 of the height: (b c y x), strength from 0 to 1, signs (b) of ±1 -> (b c y x)."""
    item, none = torch.ones_like(signs), torch.zeros_like(signs)
    return _affine(images, [[item, none, none], [none, item, signs * 0.9 * strength]])


def turn(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Turned by up to 30 degrees: (b c y x), strength from 0 to 1, signs (b) of ±1 -> (b c y x)."""
    angles, none = signs * math.radians(30) * strength, torch.zeros_like(signs)
    return _affine(images, [[angles.cos(), -angles.sin(), none], [angles.sin(), angles.cos(), none]])


def _blend(images: Tensor, towards: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Away from, or to, `towards` by a factor of 1 ± 0.9 strength, as PIL's ImageEnhance has it."""
    return torch.lerp(towards, images, (1 + signs * 0.9 * strength)[:, None, None, None]).clamp(0, 255)


def gray(images: Tensor) -> Tensor:
    """(b 1 y x): luma of three channels, or the one channel itself."""
    if images.shape[1] != 3:
        return images[:, :1]
    return (images * images.new_tensor(GRAY)[:, None, None]).sum(1, keepdim=True)


def brightness(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Brightness times 1 ± 0.9 strength: (b c y x), strength from 0 to 1, signs (b) of ±1 -> (b c y x)."""
    return _blend(images, torch.zeros_like(images), strength, signs)


def color(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Saturation times 1 ± 0.9 strength: (b c y x), strength from 0 to 1, signs (b) of ±1 -> (b c y x)."""
    return _blend(images, gray(images).expand_as(images), strength, signs)


def contrast(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Contrast about the mean gray times 1 ± 0.9 strength (0 to 1): (b c y x), signs (b) of ±1 -> (b c y x)."""
    return _blend(images, gray(images).mean((1, 2, 3), keepdim=True).expand_as(images), strength, signs)


def sharpness(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Sharpness, by PIL's filter, times 1 ± 0.9 strength (0 to 1): (b c y x), signs (b) of ±1 -> (b c y x)."""
    c = images.shape[1]
    smooth = images.new_tensor([[1, 1, 1], [1, 5, 1], [1, 1, 1]]).div(13).expand(c, 1, 3, 3)
    blurred = images.clone()  # the outermost pixels stay, as in PIL
    blurred[:, :, 1:-1, 1:-1] = F.conv2d(images, smooth, groups=c)
    return _blend(images, blurred, strength, signs)


def posterize(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Levels of 2^round(4 strength), so 8 bits of each number kept, down to 4: (b c y x) -> (b c y x)."""
    step = 2.0 ** round(4 * strength)  # 8 bits kept, down to 4
    return images.round().div(step, rounding_mode="floor") * step


def solarize(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Numbers from 255 (1 - strength) on inverted: (b c y x) -> (b c y x)."""
    return torch.where(images >= 255 * (1 - strength), 255 - images, images)


def autocontrast(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """Each channel stretched to 0 to 255, at any strength: (b c y x) -> (b c y x)."""
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    return torch.where(high > low, (images - low) * 255 / (high - low).clamp(min=1), images)


def equalize(images: Tensor, strength: float, signs: Tensor) -> Tensor:
    """PIL's histogram equalization, channel by channel, all images at once."""
    b, c, y, x = images.shape
    levels = images.round().clamp(0, 255).long().reshape(b * c, y * x)
    histogram = torch.zeros(b * c, 256, device=images.device, dtype=torch.long)
    histogram.scatter_add_(1, levels, torch.ones_like(levels))
    last = histogram.gather(1, levels.amax(1, keepdim=True))
    step = (y * x - last) // 255
    table = (torch.cumsum(histogram, 1) - histogram + step // 2).div(step.clamp(min=1), rounding_mode="floor")
    equal = table.clamp(0, 255).gather(1, levels).to(images.dtype)
    return torch.where(step > 0, equal, levels.to(images.dtype)).reshape(b, c, y, x)


OPERATIONS: dict[str, Callable[[Tensor, float, Tensor], Tensor]] = {
    "identity": identity,
    "shear x": shear_x,
    "shear y": shear_y,
    "translate x": translate_x,
    "translate y": translate_y,
    "turn": turn,
    "brightness": brightness,
    "color": color,
    "contrast": contrast,
    "sharpness": sharpness,
    "posterize": posterize,
    "solarize": solarize,
    "autocontrast": autocontrast,
    "equalize": equalize,
}
