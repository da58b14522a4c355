"""Whole-batch augmentation does to each image what a plain restatement does to it alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps

from vitcore.data import augment, rand_augment
from vitcore.data.augment import Augment, MixedTargets, Normalize

B, C, IMAGE_SIZE = 24, 3, 16


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(256, (B, C, IMAGE_SIZE, IMAGE_SIZE), dtype=torch.uint8, generator=generator(1))


@pytest.fixture
def labels() -> torch.Tensor:
    return torch.arange(B)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_normalize() -> None:
    images = torch.randint(256, (2, 3, 4, 4), dtype=torch.uint8)
    mean, std = (0.1, 0.5, 0.9), (0.2, 0.3, 0.4)
    expected = (images.double() / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    found = Normalize(mean, std, torch.device("cpu"))(images)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-5)


def test_crop_shifts_each_image_by_whole_pixels(images: torch.Tensor) -> None:
    cropped = augment.crop(images, 3, generator())
    moves = set()
    for before, after in zip(images, cropped, strict=True):
        padded = np.pad(before.numpy(), ((0, 0), (3, 3), (3, 3)))
        found = [
            (y, x)
            for y in range(7)
            for x in range(7)
            if np.array_equal(padded[:, y : y + IMAGE_SIZE, x : x + IMAGE_SIZE], after.numpy())
        ]
        assert len(found) == 1
        moves |= set(found)
    assert len(moves) > 10


def test_flip_mirrors_about_half(images: torch.Tensor) -> None:
    flipped = augment.flip(images, generator())
    mirrored = [bool((after == before.flip(-1)).all()) for before, after in zip(images, flipped, strict=True)]
    stored = [bool((after == before).all()) for before, after in zip(images, flipped, strict=True)]
    assert all(a != b for a, b in zip(mirrored, stored, strict=True))
    assert 4 < sum(mirrored) < 20


def test_rotate_turns_about_the_middle() -> None:
    ring = torch.zeros(1, 1, 17, 17)
    ring[..., 8, 8] = 255
    assert augment.rotate(ring.repeat(8, 1, 1, 1), 180, generator())[:, 0, 8, 8].min() > 250
    quarter = augment.warp(ring.new_tensor(range(9)).reshape(1, 1, 3, 3), torch.tensor([[[0.0, -1, 0], [1, 0, 0]]]))
    assert torch.allclose(quarter, torch.arange(9.0).reshape(1, 1, 3, 3).rot90(1, (2, 3)), atol=1e-4)


def test_erasing_hits_boxes_of_some_images() -> None:
    ones = torch.ones(400, 1, 32, 32)
    share = 1 - augment.erase(ones, 0.5, generator()).mean((1, 2, 3))
    assert 150 < int((share > 0).sum()) < 250
    assert share.max() < 0.4
    assert torch.equal(augment.erase(ones, 0.0, generator()), ones)
    hole = augment.erase(ones[:1], 1.0, generator())[0, 0] == 0
    rows, columns = hole.any(1), hole.any(0)
    assert torch.equal(hole, rows[:, None] & columns)  # a box


@pytest.mark.parametrize("way", [augment.mixup, augment.cutmix])
def test_mixing_blends_images_as_it_says_of_labels(way: object, labels: torch.Tensor) -> None:
    flat = labels.float()[:, None, None, None].expand(B, 1, IMAGE_SIZE, IMAGE_SIZE).contiguous()
    for seed in range(8):
        mixed, targets = way(flat, labels, 1.0, generator(seed))  # type: ignore[operator]
        assert targets.targets_b is not None
        expected = targets.share * targets.labels + (1 - targets.share) * targets.targets_b
        torch.testing.assert_close(mixed.mean((1, 2, 3)), expected.float(), atol=1e-4, rtol=1e-4)


def test_mixup_blends_every_pixel_and_cutmix_none(labels: torch.Tensor) -> None:
    flat = labels.float()[:, None, None, None].expand(B, 1, IMAGE_SIZE, IMAGE_SIZE).contiguous()
    blended, _ = augment.mixup(flat, labels, 1.0, generator())
    assert all(len(image.unique()) == 1 for image in blended)
    pasted, _ = augment.cutmix(flat, labels, 1.0, generator())
    assert set(pasted.unique().tolist()) <= set(range(B))


def test_both_mixings_take_turns(labels: torch.Tensor) -> None:
    flat = labels.float()[:, None, None, None].expand(B, 1, IMAGE_SIZE, IMAGE_SIZE).contiguous()
    both = Augment(mixup=1.0, cutmix=1.0)
    blended = [len(both.batch(flat, labels, generator(seed))[0][1].unique()) == 1 for seed in range(40)]
    assert 5 < sum(blended) < 35


def test_nothing_asked_nothing_done(images: torch.Tensor, labels: torch.Tensor) -> None:
    assert Augment().images(images, generator()) is images
    normal = images.float()
    found, targets = Augment().batch(normal, labels, generator())
    assert found is normal
    assert targets == MixedTargets(labels)


def test_rand_augment_changes_images_and_keeps_their_form(images: torch.Tensor) -> None:
    changed = rand_augment.rand_augment(images, 9, generator())
    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert 12 < sum(bool((a != b).any()) for a, b in zip(images.float(), changed, strict=True)) <= B
    assert rand_augment.rand_augment(images[:, :1], 9, generator()).shape == (B, 1, IMAGE_SIZE, IMAGE_SIZE)
    assert torch.equal(changed, rand_augment.rand_augment(images, 9, generator()))


PIL_WAYS = {
    "brightness": lambda image, factor: ImageEnhance.Brightness(image).enhance(factor),
    "color": lambda image, factor: ImageEnhance.Color(image).enhance(factor),
    "contrast": lambda image, factor: ImageEnhance.Contrast(image).enhance(factor),
    "sharpness": lambda image, factor: ImageEnhance.Sharpness(image).enhance(factor),
    "posterize": lambda image, factor: ImageOps.posterize(image, 6),
    "solarize": lambda image, factor: ImageOps.solarize(image, 128),
    "autocontrast": lambda image, factor: ImageOps.autocontrast(image),
    "equalize": lambda image, factor: ImageOps.equalize(image),
}


@pytest.mark.parametrize("name", PIL_WAYS)
def test_color_operations_are_those_of_pil(images: torch.Tensor, name: str) -> None:
    images = images // 2 + 30  # room at both ends, so that stretching shows
    signs = torch.tensor([1.0, -1.0]).repeat(B // 2)
    found = rand_augment.OPERATIONS[name](images.float(), 0.5, signs)
    for image, sign, changed in zip(images, signs, found, strict=True):
        equal = Image.fromarray(image.permute(1, 2, 0).numpy())
        expected = np.asarray(PIL_WAYS[name](equal, 1 + 0.45 * float(sign)), dtype=np.float32).transpose(2, 0, 1)
        assert np.abs(changed.numpy() - expected).max() <= 2.01  # PIL rounds at every stage


@pytest.mark.parametrize("name", ["shear x", "shear y", "translate x", "translate y", "turn"])
def test_geometric_operations_move_pixels_either_way(name: str) -> None:
    point = torch.zeros(2, 1, 21, 21)
    point[..., 4, 7] = 255
    moved = rand_augment.OPERATIONS[name](point, 0.5, torch.tensor([1.0, -1.0]))
    assert not torch.allclose(moved[0], moved[1])
    assert not torch.allclose(moved[0], point[0])
    still = rand_augment.OPERATIONS[name](point, 0.0, torch.tensor([1.0, -1.0]))
    assert torch.allclose(still, point, atol=1e-2)
