"""Every corruption of test images, one table of plain data: five severities each, after Hendrycks and Dietterich 2019.

"Benchmarking Neural Network Robustness to Common Corruptions and Perturbations" (ICLR 2019) defines them for images of
224 pixels (ImageNet-C); its authors' code (github.com/hendrycks/robustness, ImageNet-C/create_c) has milder ones for
images of 64 (Tiny ImageNet-C) and 32 pixels (CIFAR-10-C), where a blur of six pixels would leave nothing. MNIST-C (Mu
and Gilmer 2019, arXiv:1906.02337, github.com/google-research/mnist-c) has those of gray digits. A severity here is that
of the set whose images are nearest in size; lengths grow with an image's size. Where none of them has a corruption,
`about` says whose it is.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from vitcore.data.seeds import derived

SEVERITIES = 5
_BLOCK, _TALLEST = 8, 65_000  # pixels of a JPEG's block, and of the tallest JPEG
BATCH = 500  # images that are corrupted at once
Five = tuple[float, float, float, float, float]
Change = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Corruption:
    """One way to spoil images, five times as strongly each.

    Attributes:
        label: what a person reads.
        about: the definition, and where it differs from its source.
        unit: of a strength: "", "pixels", "degrees" or "quality".
        gray: strengths for images of one channel, at 28 pixels.
        small, middle, large: for images of three channels, at 32, 64 and 224 pixels.
        change: images (n c y x) of 0 to 255 as float32, a strength and a generator -> images of the same shape.
        length: a strength is a number of pixels, to be scaled with the image's size.
    """

    label: str
    about: str
    unit: Literal["", "pixels", "degrees", "quality"]
    gray: Five
    small: Five
    middle: Five
    large: Five
    change: Change
    length: bool = False

    def strength(self, severity: int, channels: int, image_size: int) -> float:
        """What a severity (1 to 5) means for images of so many channels and pixels.

        Raises:
            ValueError: there is no such severity.
        """
        if not 1 <= severity <= SEVERITIES:
            raise ValueError(f"severity {severity}; there are 1 to {SEVERITIES}")
        known = [(28, self.gray)] if channels == 1 else [(32, self.small), (64, self.middle), (224, self.large)]
        size, five = min(known, key=lambda item: abs(np.log(item[0] / image_size)))
        return five[severity - 1] * (image_size / size if self.length else 1.0)

    def definition(self, channels: int, image_size: int) -> str:
        """Twelve hexadecimal digits that differ where another strength is meant: results of both are not compared."""
        strengths = [self.strength(severity, channels, image_size) for severity in range(1, SEVERITIES + 1)]
        return hashlib.sha256(f"{self.about}{strengths}".encode()).hexdigest()[:12]


def corrupted(name: str, severity: int, images: np.ndarray) -> Iterator[np.ndarray]:
    """Images (n c y x) uint8 corrupted, batch by batch (b c y x) uint8, rounded; the same ones whenever it is asked.

    All severities of a corruption draw the same random numbers, so that a step in severity is no luck of the draw.

    Args:
        name: a key of CORRUPTIONS.
    """
    corruption = CORRUPTIONS[name]
    strength = corruption.strength(severity, images.shape[1], images.shape[-1])
    generator = np.random.Generator(np.random.PCG64(derived(0, f"corruption {name}")))
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH].astype(np.float32)
        yield corruption.change(batch, strength, generator).clip(0, 255).round().astype(np.uint8)


def _noise(images: np.ndarray, strength: float, generator: np.random.Generator) -> np.ndarray:
    noise = generator.standard_normal(images.shape, dtype=np.float32)
    found: np.ndarray = images + np.float32(255 * strength) * noise
    return found


def _blur(images: np.ndarray, strength: float, generator: np.random.Generator) -> np.ndarray:
    """Along each axis a product with one matrix: the weights of a pixel's neighbors; beyond the edge it goes on."""
    reach = int(4 * strength + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / strength) ** 2)
    weights /= weights.sum()

    def matrix(size: int) -> np.ndarray:
        found = np.zeros((size, size))
        for offset, weight in zip(range(-reach, reach + 1), weights, strict=True):
            found[np.arange(size), (np.arange(size) + offset).clip(0, size - 1)] += weight
        return found.astype(np.float32)

    found: np.ndarray = matrix(images.shape[2]) @ images @ matrix(images.shape[3]).T
    return found


def _contrast(images: np.ndarray, strength: float, generator: np.random.Generator) -> np.ndarray:
    means = images.mean(axis=(2, 3), keepdims=True)
    found: np.ndarray = (images - means) * np.float32(strength) + means
    return found


def _rotation(images: np.ndarray, strength: float, generator: np.random.Generator) -> np.ndarray:
    ways = np.where(generator.random(len(images)) < 0.5, -1, 1)
    y, x = _middles(images)
    found = np.empty_like(images)
    for way in (-1, 1):
        sine, cosine = np.sin(np.radians(way * strength)), np.cos(np.radians(way * strength))
        found[ways == way] = _between(images[ways == way], cosine * y - sine * x, sine * y + cosine * x)
    return found


def _translation(images: np.ndarray, strength: float, generator: np.random.Generator) -> np.ndarray:
    ways = np.where(generator.random((len(images), 2)) < 0.5, -1, 1)  # y, x
    y, x = _middles(images)
    found = np.empty_like(images)
    for way in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        subset = (ways == way).all(axis=1)
        found[subset] = _between(images[subset], y + way[0] * strength, x + way[1] * strength)
    return found


def _occlusion(images: np.ndarray, strength: float, generator: np.random.Generator) -> np.ndarray:
    size = images.shape[-1]
    edge = max(1, round(strength * size))
    corners = (generator.random((len(images), 2)) * (size - edge + 1)).astype(int)  # y, x
    pixels = np.arange(size)
    inside = (pixels >= corners[..., None]) & (pixels < corners[..., None] + edge)  # (n 2 pixels)
    square = inside[:, 0, :, None] & inside[:, 1, None, :]
    return np.where(square[:, None], images.mean(axis=(2, 3), keepdims=True), images)


def _jpeg(images: np.ndarray, strength: float, generator: np.random.Generator) -> np.ndarray:
    """Gray ones as one tall image, which is ten times as quick: blocks of 8 by 8 pixels know nothing of one another,
    and libjpeg fills the last ones with the edge. Colors are stored more coarsely and smoothed across blocks."""
    pixels = images.astype(np.uint8)
    if pixels.shape[1] > 1:
        return np.stack([_reread(each.transpose(1, 2, 0), strength).transpose(2, 0, 1) for each in pixels])
    height, width = pixels.shape[2:]
    rows, columns = -height % _BLOCK, -width % _BLOCK
    padded = np.pad(pixels[:, 0], ((0, 0), (0, rows), (0, columns)), mode="edge")
    many = _TALLEST // (height + rows)
    parts = [padded[start : start + many] for start in range(0, len(padded), many)]
    read = [_reread(part.reshape(-1, width + columns), strength).reshape(part.shape) for part in parts]
    return np.concatenate(read)[:, None, :height, :width]


def _reread(pixels: np.ndarray, quality: float) -> np.ndarray:
    """One image (y x) or (y x c) after it was a JPEG."""
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=int(quality))
    with Image.open(written) as read:
        return np.asarray(read)


def _middles(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns (y x) of the pixels, from the image's middle."""
    height, width = images.shape[2:]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    return y - (height - 1) / 2, x - (width - 1) / 2


def _between(images: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Images (n c y x) looked up at places (y x) from their middle, bilinear; beyond the edge the edge goes on."""
    height, width = images.shape[2:]
    y, x = (y + (height - 1) / 2).clip(0, height - 1), (x + (width - 1) / 2).clip(0, width - 1)
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = (y - top).astype(np.float32), (x - left).astype(np.float32)
    upper = images[:, :, top, left] * (1 - across) + images[:, :, top, right] * across
    lower = images[:, :, bottom, left] * (1 - across) + images[:, :, bottom, right] * across
    found: np.ndarray = upper * (1 - down) + lower * down
    return found


_RADIANS = tuple(float(np.degrees(angle)) for angle in (0.2, 0.4, 0.6, 0.8, 1.0))

CORRUPTIONS: dict[str, Corruption] = {
    "noise": Corruption(
        "Gaussian noise",
        "Noise of this deviation (of 1) is added to every pixel; strengths of MNIST-C, CIFAR-10-C, Tiny "
        "ImageNet-C and ImageNet-C.",
        "",
        gray=(0.08, 0.12, 0.18, 0.26, 0.38),
        small=(0.04, 0.06, 0.08, 0.09, 0.10),
        middle=(0.04, 0.08, 0.12, 0.15, 0.18),
        large=(0.08, 0.12, 0.18, 0.26, 0.38),
        change=_noise,
    ),
    "blur": Corruption(
        "Gaussian blur",
        "Gaussian blur of this deviation, cut at four deviations; strengths of MNIST-C, CIFAR-10-C, Tiny "
        "ImageNet-C and ImageNet-C.",
        "pixels",
        gray=(1, 2, 3, 4, 6),
        small=(0.4, 0.6, 0.7, 0.8, 1.0),
        middle=(0.5, 0.75, 1.0, 1.25, 1.5),
        large=(1, 2, 3, 4, 6),
        change=_blur,
        length=True,
    ),
    "contrast": Corruption(
        "Contrast",
        "Each channel's distance from its mean is multiplied by this; strengths of MNIST-C, CIFAR-10-C, Tiny "
        "ImageNet-C and ImageNet-C.",
        "",
        gray=(0.4, 0.3, 0.2, 0.1, 0.05),
        small=(0.75, 0.5, 0.4, 0.3, 0.15),
        middle=(0.4, 0.3, 0.2, 0.1, 0.05),
        large=(0.4, 0.3, 0.2, 0.1, 0.05),
        change=_contrast,
    ),
    "rotation": Corruption(
        "Rotation",
        "Rotated about the middle, either way by chance, bilinear; strengths of MNIST-C (0.2 to 1 radian) for gray "
        "images; for others ImageNet-P's 15 degrees in five equal steps. Beyond the edge the edge goes on, where "
        "theirs is black.",
        "degrees",
        gray=(_RADIANS[0], _RADIANS[1], _RADIANS[2], _RADIANS[3], _RADIANS[4]),
        small=(3, 6, 9, 12, 15),
        middle=(3, 6, 9, 12, 15),
        large=(3, 6, 9, 12, 15),
        change=_rotation,
    ),
    "translation": Corruption(
        "Translation",
        "Moved by this along both axes, each either way by chance; MNIST-C's 1 to 5 pixels of 28, and as many of 32 "
        "pixels for images of three channels. Beyond the edge the edge goes on, where theirs is black.",
        "pixels",
        gray=(1, 2, 3, 4, 5),
        small=(1, 2, 3, 4, 5),
        middle=(2, 4, 6, 8, 10),
        large=(7, 14, 21, 28, 35),
        change=_translation,
        length=True,
    ),
    "occlusion": Corruption(
        "Occlusion",
        "A square of the image's mean color, its side this part of the image's, lies over it at a random place within "
        "(Zeiler and Fergus 2014 cover with gray; Cutout, DeVries and Taylor 2017, with the mean). The strengths are "
        "ours.",
        "",
        gray=(0.2, 0.3, 0.4, 0.5, 0.6),
        small=(0.2, 0.3, 0.4, 0.5, 0.6),
        middle=(0.2, 0.3, 0.4, 0.5, 0.6),
        large=(0.2, 0.3, 0.4, 0.5, 0.6),
        change=_occlusion,
    ),
    "jpeg": Corruption(
        "JPEG",
        "Written as a JPEG of this quality and read again; strengths of MNIST-C, CIFAR-10-C, Tiny "
        "ImageNet-C and ImageNet-C.",
        "quality",
        gray=(25, 18, 15, 10, 7),
        small=(80, 65, 58, 50, 40),
        middle=(65, 58, 50, 40, 25),
        large=(25, 18, 15, 10, 7),
        change=_jpeg,
    ),
}
