"""What is held out for validation: class by class, by a seed of its own, and never what is trained or tested on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.data import published
from tests.data.images import write_folder
from vitcore.data import validation
from vitcore.data.identity import digest
from vitcore.data.load import check_validation, load
from vitcore.data.splits import parted
from vitcore.errors import UserError


@pytest.mark.parametrize("sizes", [[50, 50], [97, 3, 41], [5421, 6742, 5958], [1] * 7, [1000, 10, 10]])
@pytest.mark.parametrize("share", [0.0, 0.07, 0.1, 0.5, 0.93, 1.0])
def test_quotas_are_the_nearest_whole_numbers_and_add_up(sizes: list[int], share: float) -> None:
    wanted = round(share * sum(sizes))
    found = validation.quotas(sizes, wanted)
    assert sum(found) == wanted
    assert all(abs(quota - size * wanted / sum(sizes)) < 1 for quota, size in zip(found, sizes, strict=True))
    assert all(0 <= quota <= size for quota, size in zip(found, sizes, strict=True))


def test_the_same_images_whatever_the_run_and_others_for_another_seed() -> None:
    labels = torch.arange(400) % 4
    classes = ("a", "b", "c", "d")
    stays, held_out = validation.split_off(labels, 0.1, 0, classes, "these")
    assert torch.bincount(labels[held_out]).tolist() == [10, 10, 10, 10]
    assert torch.equal(torch.cat([stays, held_out]).sort().values, torch.arange(400)), "each is in exactly one"
    assert torch.equal(validation.split_off(labels, 40, 0, classes, "these")[1], held_out), "a count is as its share"
    assert not torch.equal(validation.split_off(labels, 0.1, 1, classes, "these")[1], held_out)


@pytest.mark.parametrize(
    ("asked", "sizes", "sentence"),
    [
        (0.01, [50, 50], "none of the class 'b' would be among them; 2 would do"),
        (0.001, [50, 50], "are 0, so none of the classes 'a', 'b' would be among them; 2 would do"),
        (5, [90, 10], "none of the class 'b' would be among them; 10 would do"),
        (0.5, [99, 1], "leave such classes out"),
        (99, [98, 2], "none of the class 'b' would be left to train on"),
        (100, [50, 50], "100 of the 100 training images of these would leave none to train on"),
        (200, [50, 50], "fewer than 100"),
        (0.9999, [50, 50], "would leave none to train on"),
    ],
)
def test_what_leaves_a_class_empty_is_refused(asked: float, sizes: list[int], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        validation.check(asked, sizes, ("a", "b"), "these")


@pytest.mark.parametrize("sizes", [[50, 50], [90, 10], [70, 20, 10], [1000, 3, 997]])
def test_the_way_that_a_refusal_names_is_one(sizes: list[int]) -> None:
    with pytest.raises(UserError) as refused:
        validation.check(1, sizes, ("a", "b", "c"), "these")
    enough = int(str(refused.value).rpartition("; ")[2].split()[0].replace(",", ""))
    validation.check(enough, sizes, ("a", "b", "c"), "these")


def paint(path: Path, color: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), color).save(path)


def folder(place: Path, **splits: int) -> Path:
    """Two classes of so many images in each split."""
    for split, many in splits.items():
        for number, name in enumerate(("cat", "dog")):
            for image in range(many):
                paint(place / split / name / f"{split}{image}.png", (90 * number + image, 10 * image, len(split)))
    return place


def test_a_folder_with_three_splits_is_validated_on_its_own(own_places: Path, tmp_path: Path) -> None:
    place = str(folder(tmp_path / "mine", train=6, val=3, test=4))
    without, with_own = load("folder", 16, folder=place), load("folder", 16, folder=place, validation=True)
    assert without.val is None
    assert with_own.val is not None
    assert [len(split.labels) for split in (with_own.train, with_own.val, with_own.test)] == [12, 6, 8]
    assert torch.equal(without.train.images, with_own.train.images)
    assert torch.equal(without.test.images, with_own.test.images)
    stays, held_out = parted(with_own, 0.1, 0, "mine")
    assert held_out is not None
    assert (len(stays), held_out.rows, len(held_out.labels)) == (12, None, 6)
    assert any("validated on is val/ (6 images)" in text for text in with_own.notes)
    assert not any("kept out" in text for text in with_own.notes)
    assert any("kept out of training and of testing is the validation split val/" in text for text in without.notes)
    check_validation("folder", place, 0.001)  # nothing is drawn, so nothing can be too small


def test_where_val_is_tested_on_validation_is_drawn_from_training(own_places: Path, tmp_path: Path) -> None:
    place = str(folder(tmp_path / "mine", train=10, val=3))
    images = load("folder", 16, folder=place, validation=True)
    assert images.val is None
    stays, held_out = parted(images, 4, 0, "mine")
    assert held_out is not None
    assert held_out.rows is not None
    assert (len(stays), len(held_out.rows)) == (16, 4)
    assert torch.equal(held_out.image(0), images.train.images[held_out.rows[0]])


def test_an_archive_is_read_as_its_folder(own_places: Path, tmp_path: Path) -> None:
    folder(tmp_path / "mine", train=6, valid=3, test=4)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "mine")
    images = load("folder", 16, folder=packed, validation=True)
    assert images.val is not None
    assert len(images.val.labels) == 6


def test_a_class_that_is_only_validated_on_is_told(own_places: Path, tmp_path: Path) -> None:
    place = folder(tmp_path / "mine", train=6, val=3, test=4)
    paint(place / "val" / "horse" / "h.png", (1, 2, 3))
    images = load("folder", 16, folder=str(place), validation=True)
    assert images.val is not None
    assert len(images.val.labels) == 6
    assert any("'horse', which is not trained on" in text and "h.png" in text for text in images.notes)
    assert len(load("folder", 16, folder=str(place)).train.labels) == 12, "without validation it is read as before"


def test_an_image_that_is_trained_on_too_is_told(own_places: Path, tmp_path: Path) -> None:
    place = folder(tmp_path / "mine", train=6, val=3, test=4)
    shutil.copy(place / "train" / "cat" / "train0.png", place / "val" / "cat" / "again.png")
    images = load("folder", 16, folder=str(place), validation=True)
    assert any("to validate on is, byte for byte, also to train on" in text for text in images.notes)


def test_too_little_in_a_folder_is_refused_before_anything_is_decoded(own_places: Path, tmp_path: Path) -> None:
    place = str(folder(tmp_path / "mine", train=5, test=2))
    with pytest.raises(UserError, match="none of the classes 'cat', 'dog' would be among them; 2 would do"):
        check_validation("folder", place, 0.01)
    with pytest.raises(UserError, match="would leave none to train on"):
        check_validation("folder", place, 10)
    check_validation("folder", place, 2)
    check_validation("folder", str(tmp_path / "nowhere"), None)


def test_flowers_has_a_split_of_its_own(own_places: Path) -> None:
    write_folder(own_places / "flowers-102", published.flowers())
    without, with_own = load("flowers-102", 16), load("flowers-102", 16, validation=True)
    assert len(without.train.labels) == 6, "the training and the validation split, as is usual"
    assert with_own.val is not None
    assert torch.equal(torch.cat([with_own.train.images, with_own.val.images]), without.train.images)
    assert digest(without) != digest(with_own), "runs that were trained on other images are not taken for equals"
