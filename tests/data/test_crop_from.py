"""Images cut out of larger ones: the center in evaluation, resized crops of the whole in training (timm's crop_pct)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tests.data.images import write_folder
from vitcore import vision  # noqa: F401  (first: torchvision's own operators)
from vitcore.data import resized_crop, splits
from vitcore.data.image import prepare
from vitcore.data.load import load
from vitcore.data.seeds import make_generator
from vitcore.errors import UserError
from vitcore.spec import RunSpec
from vitcore.training.state import TrainingState
from vitcore.training.stop_signal import StopSignal

SIZES = [(24, 32), (24, 33), (25, 32), (32, 32)]


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Two classes of images that are not square, with a test split."""
    numbers, files = np.random.default_rng(0), dict[str, bytes]()
    for split, count in (("train", 12), ("test", 4)):
        for name in ("cat", "dog"):
            for at in range(count):
                content = io.BytesIO()
                Image.fromarray(numbers.integers(0, 256, (40, 56, 3), np.uint8)).save(content, "PNG")
                files[f"{split}/{name}/{at}.png"] = content.getvalue()
    return str(write_folder(tmp_path / "images", files))


def pil(image: Tensor) -> Image.Image:
    return Image.fromarray(image.permute(1, 2, 0).numpy().astype(np.uint8))


@pytest.mark.parametrize(("size", "larger"), SIZES)
def test_what_is_evaluated_is_the_center_as_torchvision_cuts_it(folder: str, size: int, larger: int) -> None:
    from torchvision.transforms.functional import center_crop

    whole = load("folder", larger, folder=folder)
    images = load("folder", size, folder=folder, crop_from=larger)
    assert torch.equal(images.train.images, whole.train.images), "in training crops are cut from all of it"
    assert torch.equal(splits.tested(images).images, center_crop(whole.test.images, [size, size]))
    held_out = splits.parted(images, 0.25, 0, "images")[1]
    assert held_out is not None
    assert held_out.rows is not None
    assert torch.equal(held_out.image(0), center_crop(whole.train.images[held_out.rows[0]], [size, size]))
    first = Path(folder) / "test" / "cat" / "0.png"
    with Image.open(first) as image:
        assert torch.equal(prepare(image, "cifar-10", size, "crop", larger), splits.tested(images).images[0]), (
            "as on Draw"
        )


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("size", "larger"), SIZES)
def test_a_resized_crop_of_a_larger_image_is_torchvisions(
    folder: str, size: int, larger: int, interpolation: str
) -> None:
    """Where a box is larger than what comes out of it, it is smoothed as PIL does."""
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import resized_crop as published

    images = load("folder", larger, folder=folder).train.images
    boxes = resized_crop.draw_boxes(len(images), larger, 0.08, 4 / 3, make_generator(1, "boxes", 0))
    boxes[:, 0] = torch.tensor([0, 0, larger, larger])
    found = resized_crop.resize_boxes(images, boxes, torch.full((len(images),), interpolation == "bicubic"), size)
    way = InterpolationMode(interpolation)
    for at, image in enumerate(images):
        expected = np.asarray(published(pil(image), *boxes[:, at].tolist(), [size, size], way)).transpose(2, 0, 1)
        apart = np.abs(found[at].numpy() - expected.astype(float))
        assert apart.max() <= 2, "halves, which sizes like 20 and 24 make many of, are rounded either way, twice"
        assert apart.mean() < 0.4


@pytest.mark.parametrize(("draw_from", "crops"), [("training", 0.3), ("training", 0), ("all", 0.3), ("all", 0)])
def test_a_network_sees_its_size_whatever_images_are_cut_from(folder: str, draw_from: str, crops: float) -> None:
    spec = RunSpec.of(
        **{"architecture": "cnn", "dataset": "folder", "folder": folder, "image_size": 24, "crop_from": 33},
        **{"resized_crop": crops, "draw_from": draw_from, "validation": 0.25, "batch_size": 4, "device": "cpu"},
    )
    parts = TrainingState(spec, lambda line: None, StopSignal(lambda: None), None)
    images, _ = parts.batches.batch(parts.batches.order(0), 0)
    assert images.shape[-2:] == ((33, 33) if crops else (24, 24))
    assert parts.augment.images(images, make_generator(0, "augment", 0)).shape == (4, 3, 24, 24)
    for evaluated in (splits.tested(parts.images), parts.validation):
        assert evaluated is not None
        assert evaluated.images.shape[-2:] == (24, 24)


def test_a_size_of_its_own_that_is_the_images_size_changes_no_fingerprint() -> None:
    plain = RunSpec.of(dataset="cifar-10")
    assert RunSpec.of(plain, crop_from=32).fingerprint() == plain.fingerprint()
    assert RunSpec.of(plain, crop_from=36).fingerprint() != plain.fingerprint()


def test_images_are_not_cut_from_smaller_ones() -> None:
    with pytest.raises(UserError, match="images of 32 pixels cannot be cut from 28; cut from at least 32"):
        RunSpec.of(dataset="cifar-10", crop_from=28)
