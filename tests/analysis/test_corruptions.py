"""Every corruption against an independent restatement: scipy, PIL image by image, or plain loops in float64."""

from __future__ import annotations

import io

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

from vitcore.analysis import corruptions
from vitcore.analysis.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from vitcore.data.seeds import derived

SHAPES = [(20, 1, 28, 28), (10, 3, 32, 32), (2, 3, 64, 64), (20, 1, 30, 25)]


def noise_images(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Smooth blobs and hard edges, 0 to 255."""
    draws = np.random.default_rng(seed)
    rough = scipy.ndimage.gaussian_filter(draws.normal(size=shape), (0, 0, 2, 2)) * 900 + 128
    rough[:, :, 5:9, 3:20] = 255
    return rough.clip(0, 255).astype(np.uint8)


def drawn(name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(derived(0, f"corruption {name}")))


def looked_up(image: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One image (c y x) at pixel places (y x), by scipy."""
    return np.stack([scipy.ndimage.map_coordinates(item, [y, x], order=1, mode="nearest") for item in image])


def restated(name: str, strength: float, images: np.ndarray) -> np.ndarray:
    """What a corruption makes of images, one by one."""
    generator, found = drawn(name), []
    n, channels, height, width = images.shape
    noise = generator.standard_normal(images.shape, dtype=np.float32) if name == "noise" else None
    moved = {"rotation": (n,), "translation": (n, 2)}
    ways = 1 - 2 * (generator.random(moved[name]) < 0.5).astype(int) if name in moved else None
    corners = generator.random((n, 2)) if name == "occlusion" else None
    rows, columns = np.mgrid[:height, :width].astype(float)
    for place in range(n):
        image = images[place].astype(float)
        if noise is not None:
            changed = image + 255 * strength * noise[place]
        elif name == "blur":
            changed = scipy.ndimage.gaussian_filter(image, (0, strength, strength), mode="nearest", truncate=4.0)
        elif name == "contrast":
            changed = np.stack([(item - item.mean()) * strength + item.mean() for item in image])
        elif name == "rotation":
            assert ways is not None
            turn = ways[place] * np.pi * strength / 180
            y, x = rows - (height - 1) / 2, columns - (width - 1) / 2
            across = np.cos(turn) * x + np.sin(turn) * y + (width - 1) / 2
            down = np.cos(turn) * y - np.sin(turn) * x + (height - 1) / 2
            changed = looked_up(image, down, across)
        elif name == "translation":
            assert ways is not None
            changed = looked_up(image, rows + ways[place, 0] * strength, columns + ways[place, 1] * strength)
        elif name == "occlusion":
            assert corners is not None
            edge = max(1, round(strength * width))
            top, left = (int(corner * (width - edge + 1)) for corner in corners[place])
            changed = image.copy()
            for channel in range(channels):
                changed[channel, top : top + edge, left : left + edge] = image[channel].mean()
        else:
            written = io.BytesIO()
            known = images[place].transpose(1, 2, 0)
            Image.fromarray(known[..., 0] if channels == 1 else known).save(written, "JPEG", quality=int(strength))
            read = np.asarray(Image.open(written))
            changed = read[None] if channels == 1 else read.transpose(2, 0, 1)
        found.append(changed)
    return np.stack(found).clip(0, 255)


@pytest.mark.parametrize("shape", SHAPES[:3], ids=str)
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_it_is_what_its_definition_says(name: str, shape: tuple[int, ...]) -> None:
    images = noise_images(shape)
    for severity in range(1, SEVERITIES + 1):
        strength = CORRUPTIONS[name].strength(severity, shape[1], shape[-1])
        changed = np.concatenate(list(corrupted(name, severity, images))).astype(float)
        away = np.abs(changed - restated(name, strength, images))
        assert away.max() <= 0.51, (severity, away.max())  # rounded to whole numbers


def test_a_gray_jpeg_is_the_image_s_own_whatever_its_neighbors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corruptions, "_TALLEST", 200)  # a few images a piece
    images = noise_images(SHAPES[3])
    changed = corruptions._jpeg(images.astype(np.float32), 10, drawn("jpeg"))
    assert np.array_equal(changed, restated("jpeg", 10, images).astype(np.uint8))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_neither_batches_nor_asking_again_change_anything(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images = noise_images((30, 1, 28, 28))
    monkeypatch.setattr(corruptions, "BATCH", 30)
    whole = np.concatenate(list(corrupted(name, 3, images)))
    assert np.array_equal(whole, np.concatenate(list(corrupted(name, 3, images))))
    monkeypatch.setattr(corruptions, "BATCH", 7)
    assert np.array_equal(whole, np.concatenate(list(corrupted(name, 3, images))))


@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name not in ("rotation", "translation")])
@pytest.mark.parametrize("shape", [(8, 1, 28, 28), (8, 3, 32, 32)], ids=str)
def test_each_severity_is_further_from_the_image(name: str, shape: tuple[int, ...]) -> None:
    images = noise_images(shape)
    away = [
        np.abs(np.concatenate(list(corrupted(name, severity, images))).astype(float) - images).mean()
        for severity in range(1, SEVERITIES + 1)
    ]
    assert away[0] > 0
    assert sorted(away) == away


def test_strengths_are_those_of_the_set_nearest_in_size() -> None:
    """The published severities, typed again from the authors' code."""
    published = {
        ("noise", 3, 32): (0.04, 0.06, 0.08, 0.09, 0.10),  # make_cifar_c.py
        ("noise", 3, 64): (0.04, 0.08, 0.12, 0.15, 0.18),  # make_tinyimagenet_c.py
        ("noise", 3, 224): (0.08, 0.12, 0.18, 0.26, 0.38),  # make_imagenet_c.py
        ("noise", 1, 28): (0.08, 0.12, 0.18, 0.26, 0.38),  # MNIST-C's corruptions.py
        ("blur", 3, 32): (0.4, 0.6, 0.7, 0.8, 1),
        ("blur", 3, 64): (0.5, 0.75, 1, 1.25, 1.5),
        ("blur", 3, 224): (1, 2, 3, 4, 6),
        ("contrast", 3, 32): (0.75, 0.5, 0.4, 0.3, 0.15),
        ("contrast", 3, 64): (0.4, 0.3, 0.2, 0.1, 0.05),
        ("contrast", 1, 28): (0.4, 0.3, 0.2, 0.1, 0.05),
        ("jpeg", 3, 32): (80, 65, 58, 50, 40),
        ("jpeg", 3, 64): (65, 58, 50, 40, 25),
        ("jpeg", 3, 224): (25, 18, 15, 10, 7),
        ("translation", 1, 28): (1, 2, 3, 4, 5),
    }
    for (name, channels, size), five in published.items():
        assert [CORRUPTIONS[name].strength(each, channels, size) for each in range(1, 6)] == pytest.approx(five)
    radians = [np.radians(CORRUPTIONS["rotation"].strength(each, 1, 28)) for each in range(1, 6)]
    assert radians == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert CORRUPTIONS["blur"].strength(1, 1, 56) == pytest.approx(2)  # lengths grow with the image
    assert CORRUPTIONS["noise"].strength(1, 3, 36) == 0.04
    with pytest.raises(ValueError, match="severity 6"):
        CORRUPTIONS["noise"].strength(6, 1, 28)


def test_another_strength_is_another_definition() -> None:
    changed = {CORRUPTIONS[name].definition(*size) for name in CORRUPTIONS for size in ((1, 28), (3, 32), (3, 64))}
    assert len(changed) > 2 * len(CORRUPTIONS)
    assert CORRUPTIONS["noise"].definition(3, 32) == CORRUPTIONS["noise"].definition(3, 33)
