"""RandAugment as timm has it with increasing operations (`rand-mM-mstdS-inc1`), on whole batches.

Two of fifteen operations an image, with replacement, each applied with p 0.5, its magnitude drawn from a normal
distribution around M and cut to 0 to 10 (timm/data/auto_augment.py of timm 1.0: _RAND_INCREASING_TRANSFORMS and
AugmentOp).
The paper's own operations and scale are in vitcore.data.rand_augment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from vitcore.data import affine, enhance, rand_augment
from vitcore.data.resized_crop import draw_bicubic

LARGEST = 10  # magnitudes go from 0 to this
LAYERS = 2
P = 0.5  # of each operation that was chosen
GRAY = 128.0  # what comes in from beyond the edge where the dataset's mean is not known


@dataclass(frozen=True)
class Drawn:
    """What is drawn for some images (b,): level from 0 to 1, sign -1 or 1, and how lookups are interpolated."""

    level: Tensor
    sign: Tensor
    bicubic: Tensor

    def of(self, rows: Tensor) -> Drawn:
        """Those of some images: rows (b) -> as many draws."""
        return Drawn(self.level[rows], self.sign[rows], self.bicubic[rows])


def rand_augment_timm(
    images: Tensor, magnitude: float, std: float, interpolation: str, mean: tuple[float, ...], generator: Generator
) -> Tensor:
    """(b c y x) uint8 or floats from 0 to 255; floats that hold whole numbers on that scale come out.

    Args:
        std: of the magnitude's noise.
        interpolation: "bilinear", "bicubic", or "random": one of the two for each operation.
        mean: of the dataset by channel, 0 to 1: the color that comes in from beyond the edge; empty: gray.
    """
    images, b = images.float().round(), len(images)
    fill = torch.tensor([min(255.0, round(255 * each)) for each in mean] or [GRAY] * images.shape[1])
    fill = fill.to(images.device)
    for _ in range(LAYERS):
        chosen = torch.randint(len(OPERATIONS), (b,), generator=generator)
        applied = torch.rand(b, generator=generator) < P
        noisy = magnitude + std * torch.randn(b, generator=generator, dtype=torch.float64)
        drawn = Drawn(
            noisy.clamp(0, LARGEST) / LARGEST,
            1 - 2 * torch.randint(2, (b,), generator=generator),
            draw_bicubic(b, interpolation, generator),
        )
        changed = images.clone()
        for number, operation in enumerate(OPERATIONS.values()):
            rows = torch.nonzero(applied & (chosen == number)).flatten()
            if len(rows):
                there = rows.to(images.device)
                changed[there] = operation(images[there], drawn.of(rows), fill)
        images = changed
    return images


Operation = Callable[[Tensor, Drawn, Tensor], Tensor]


def autocontrast(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Each channel stretched to 0 to 255, whatever the level: (b c y x) -> (b c y x)."""
    return rand_augment.autocontrast(images, 0, drawn.sign).floor()


def equalize(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Each channel's histogram made level, whatever the level: (b c y x) -> (b c y x)."""
    return rand_augment.equalize(images, 0, drawn.sign)


def invert(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """255 minus the image, whatever the level: (b c y x) -> (b c y x)."""
    return 255 - images


def posterize(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """4 bits a channel at level 0 down to none at 1: (b c y x) -> (b c y x)."""
    step = _beside(2.0 ** (4 + (4 * drawn.level).floor()), images)  # 4 bits are kept, down to none
    return images.div(step, rounding_mode="floor") * step


def solarize(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Inverted from 256 (level 0) down to 0 (level 1) upward: (b c y x) -> (b c y x)."""
    threshold = _beside(256 - (256 * drawn.level).floor().clamp(max=256), images)
    return torch.where(images < threshold, images, 255 - images)


def solarize_add(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Up to 110 more where an image is below 128: (b c y x) -> (b c y x)."""
    more = _beside((110 * drawn.level).floor().clamp(max=128), images)
    return torch.where(images < 128, (images + more).clamp(max=255), images)


def color(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Color by 1 ± 0.9 level: (b c y x) -> (b c y x)."""
    return enhance.color(images, _factors(drawn, images))


def contrast(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Contrast by 1 ± 0.9 level: (b c y x) -> (b c y x)."""
    return enhance.contrast(images, _factors(drawn, images))


def brightness(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Brightness by 1 ± 0.9 level: (b c y x) -> (b c y x)."""
    return enhance.brightness(images, _factors(drawn, images))


def sharpness(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Sharpness by 1 ± 0.9 level: (b c y x) -> (b c y x)."""
    return enhance.sharpness(images, _factors(drawn, images))


def rotate(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Turned by up to 30 degrees, counterclockwise for a positive sign, as in PIL: (b c y x) -> (b c y x)."""
    angles = -torch.deg2rad(drawn.sign * drawn.level * 30)
    cos, sin, middle = angles.cos(), angles.sin(), images.shape[-1] / 2
    return _looked_up(
        images, drawn, fill, (cos, sin, middle - (cos + sin) * middle), (-sin, cos, middle + (sin - cos) * middle)
    )


def shear_x(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Sheared along rows by up to 0.3 pixels a pixel: (b c y x) -> (b c y x)."""
    item, none = torch.ones_like(drawn.level), torch.zeros_like(drawn.level)
    return _looked_up(images, drawn, fill, (item, drawn.sign * drawn.level * 0.3, none), (none, item, none))


def shear_y(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Sheared along columns by up to 0.3 pixels a pixel: (b c y x) -> (b c y x)."""
    item, none = torch.ones_like(drawn.level), torch.zeros_like(drawn.level)
    return _looked_up(images, drawn, fill, (item, none, none), (drawn.sign * drawn.level * 0.3, item, none))


def translate_x(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Moved by up to 45 % of its width: (b c y x) -> (b c y x)."""
    item, none = torch.ones_like(drawn.level), torch.zeros_like(drawn.level)
    moved = drawn.sign * drawn.level * 0.45 * images.shape[-1]
    return _looked_up(images, drawn, fill, (item, none, moved), (none, item, none))


def translate_y(images: Tensor, drawn: Drawn, fill: Tensor) -> Tensor:
    """Moved by up to 45 % of its height: (b c y x) -> (b c y x)."""
    item, none = torch.ones_like(drawn.level), torch.zeros_like(drawn.level)
    moved = drawn.sign * drawn.level * 0.45 * images.shape[-2]
    return _looked_up(images, drawn, fill, (item, none, none), (none, item, moved))


OPERATIONS: dict[str, Operation] = {
    "autocontrast": autocontrast,
    "equalize": equalize,
    "invert": invert,
    "rotate": rotate,
    "posterize": posterize,
    "solarize": solarize,
    "solarize add": solarize_add,
    "color": color,
    "contrast": contrast,
    "brightness": brightness,
    "sharpness": sharpness,
    "shear x": shear_x,
    "shear y": shear_y,
    "translate x": translate_x,
    "translate y": translate_y,
}


def _beside(values: Tensor, images: Tensor) -> Tensor:
    """One value an image (b 1 1 1), of the images' kind and on their device."""
    return values.to(images)[:, None, None, None]


def _factors(drawn: Drawn, images: Tensor) -> Tensor:
    """1 ± 0.9 level, at least 0.1: farther from 1 as the level rises."""
    return (1 + drawn.sign * drawn.level * 0.9).clamp(min=0.1).to(images)


def _looked_up(images: Tensor, drawn: Drawn, fill: Tensor, x: tuple[Tensor, ...], y: tuple[Tensor, ...]) -> Tensor:
    """The images through the affine maps whose rows are `x` and `y`."""
    maps = torch.stack([torch.stack(x, 1), torch.stack(y, 1)], 1).to(images)
    found = images.clone()
    for bicubic in (False, True):
        rows = torch.nonzero(drawn.bicubic == bicubic).flatten()
        if len(rows):
            there = rows.to(images.device)
            found[there] = affine.transform(images[there], maps[there], fill, bicubic=bicubic)
    return found
