"""Datasets come whole, at once the second time, or not at all with a sentence that names the file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.data.images import idx_files
from vitcore.data.load import available, load
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError

RAW = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


def test_digits_are_split_the_same_way_each_time_and_look_like_mnist() -> None:
    digits = load("digits")
    assert digits.train.images.shape == (1437, 1, 28, 28)
    assert digits.test.images.shape == (360, 1, 28, 28)
    assert digits.train.images.dtype == torch.uint8
    for split in (digits.train, digits.test):
        shares = torch.bincount(split.labels).double() / len(split.labels)
        assert (shares - 0.1).abs().max() < 0.01
    images = digits.train.images.float()
    assert images.amax((1, 2, 3)).min() > 200  # ink
    for axis in (2, 3):
        assert (images.amax(axis) > 0).sum(-1).max() <= 20  # in a 20x20 box, as MNIST's
    spread = torch.arange(28.0) - 14
    middles = (images.sum(2) * spread).sum(-1) / images.sum((2, 3))
    assert middles.abs().max() < 0.6  # centered by mass
    train = {bytes(row.numpy()) for row in digits.train.images}
    assert not train & {bytes(row.numpy()) for row in digits.test.images}


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_the_tables_mean_and_deviation_are_the_images_own(name: str, real_data: Path) -> None:
    pixels = load(name).train.images.float() / 255
    assert DATASETS[name].mean[0] == pytest.approx(float(pixels.mean()), abs=5e-4)
    assert DATASETS[name].std[0] == pytest.approx(float(pixels.std()), abs=5e-4)


@pytest.mark.parametrize("name", DATASETS)
def test_the_table_is_whole(name: str) -> None:
    dataset = DATASETS[name]
    assert len(dataset.mean) == len(dataset.std) == dataset.channels
    assert len(set(dataset.classes)) == len(dataset.classes)
    assert dataset.at_path == (not dataset.train_samples) == (not dataset.test_samples)
    assert dataset.classes or dataset.at_path


def test_genuine_mnist(real_data: Path) -> None:
    assert available("mnist") is None
    mnist = load("mnist")
    assert torch.bincount(mnist.train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_another_side(own_places: Path) -> None:
    idx_files(own_places / "MNIST" / "raw")
    assert load("mnist", image_size=14).train.images.shape == (20, 1, 14, 14)
    assert load("mnist").train.images.shape == (20, 1, 28, 28)


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda content: content[:-7], "cut short"),
        (lambda content: content[:5], "not an idx file"),
        (lambda content: b"", "not an idx file"),
        (lambda content: b"\x1f\x8b" + content[2:], "not an idx file"),
        (lambda content: content + b"more", "promises"),
    ],
    ids=["truncated", "stump", "empty", "other", "longer"],
)
def test_a_damaged_idx_file_is_named(own_places: Path, name: str, damage: object, says: str) -> None:
    raw = own_places / "MNIST" / "raw"
    idx_files(raw)
    load("mnist")  # a whole copy in the cache must not hide the damage
    whole = (raw / name).read_bytes()
    (raw / name).write_bytes(damage(whole))  # type: ignore[operator]
    with pytest.raises(UserError, match=f"{name}.*{says}") as error:
        load("mnist")
    assert "\n" not in str(error.value)
    assert not list(own_places.rglob("*.tmp"))


def test_labels_out_of_range_or_of_other_number(own_places: Path) -> None:
    raw = own_places / "MNIST" / "raw"
    idx_files(raw)
    labels = raw / "train-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-1] + b"\x0b")
    with pytest.raises(UserError, match="label 11"):
        load("mnist")
    idx_files(raw, train=20)
    images = (raw / "t10k-images-idx3-ubyte").read_bytes()
    (raw / "train-images-idx3-ubyte").write_bytes(images)
    with pytest.raises(UserError, match="10 images but"):
        load("mnist")


def test_absent_and_offline_is_one_sentence_with_a_way_on(own_places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vitcore.vision import torchvision

    nobody = "http://127.0.0.1:9/"  # the discard port: refused at once
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [nobody])
    text = available("mnist")
    assert text is not None
    assert "download" in text
    with pytest.raises(UserError, match=r"could not be downloaded.*by hand") as error:
        load("mnist")
    assert "\n" not in str(error.value)
    assert [path for path in own_places.rglob("*") if path.is_file()] == []


def test_absent_and_not_to_be_downloaded(own_places: Path) -> None:
    text = available("imagenet")
    assert text is not None
    assert str(own_places / "imagenet") in text
    with pytest.raises(UserError, match="ImageNet is not on this machine"):
        load("imagenet")


def test_second_start_reads_the_decoded_copy(own_places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    idx_files(own_places / "MNIST" / "raw")
    first = load("mnist")
    assert len(list((own_places / ".vitcore").iterdir())) == 1
    monkeypatch.setattr(
        "vitcore.data.readers.idx.read", None
    )  # proof that the copy is what is read: nothing else can be
    again = load("mnist")
    assert torch.equal(again.train.images, first.train.images)
    assert torch.equal(again.test.labels, first.test.labels)
    assert again.train.digest == first.train.digest


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not hold for this user")
def test_read_only_data_is_cached_in_the_persons_own_folder(own_places: Path, tmp_path: Path) -> None:
    idx_files(own_places / "MNIST" / "raw")
    own_places.chmod(0o555)
    try:
        load("mnist")
    finally:
        own_places.chmod(0o755)
    assert not (own_places / ".vitcore").exists()
    assert len(list((tmp_path / "cache" / "vitcore" / "decoded").iterdir())) == 1


def test_the_table_and_availability_need_no_torch() -> None:
    code = (
        "import sys; from vitcore.data.load import available; from vitcore.data.registry import DATASETS\n"
        "for name in DATASETS: available(name)\n"
        "assert 'torch' not in sys.modules and 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
