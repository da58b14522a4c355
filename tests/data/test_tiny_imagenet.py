"""Tiny ImageNet as it lies about: published, sorted into class folders, with another ending, with macOS's leavings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.data.images import image, write_folder, write_tar, write_zip
from tests.data.published import Files, tiny
from vitcore.data.load import load
from vitcore.errors import UserError

TOP = "tiny-imagenet-200/"
TABLE = f"{TOP}val/val_annotations.txt"


def renamed(change: Callable[[str], str]) -> Files:
    return {change(name): content for name, content in tiny().items()}


def sorted_test(name: str, inside: str = "") -> str:
    """A test image's path once the usual script has sorted it; val_7 shows n00000007."""
    if "/val/images/" not in name:
        return name
    stem = Path(name).stem
    return f"{TOP}val/n{int(stem.removeprefix('val_')):08d}/{inside}{Path(name).name}"


def without(files: Files, *parts: str) -> Files:
    return {name: content for name, content in files.items() if not any(part in name for part in parts)}


FORMS: dict[str, Files] = {
    "published": tiny(),
    "test images sorted": without(renamed(sorted_test), "annotations"),
    "sorted, the list left": renamed(sorted_test),
    "sorted into images/": without(renamed(lambda name: sorted_test(name, "images/")), "annotations"),
    "copied, not moved": renamed(sorted_test) | tiny(),
    "half sorted": {(sorted_test(n) if i % 2 else n): c for i, (n, c) in enumerate(tiny().items())},
    "training without images/": renamed(lambda name: name.replace("/images/n", "/n")),
    "neither with images/": renamed(lambda name: name.replace("/images/", "/")),
    ".jpeg": renamed(lambda name: name.replace(".JPEG", ".jpeg")),
    ".jpg": renamed(lambda name: name.replace(".JPEG", ".jpg")),
    ".png": renamed(lambda name: name.replace(".JPEG", ".png")),
    "macOS's": tiny()
    | {
        f"{TOP}val/images/._val_0.JPEG": b"Mac OS X",
        f"{TOP}._val": b"",
        "__MACOSX/train/a/b.JPEG": b"",
        f"{TOP}train/n00000003/images/._n00000003_0.JPEG": b"",
        f"{TOP}val/._val_annotations.txt": b"x\ty\n",
        f"{TOP}val/.DS_Store": b"",
        f"{TOP}train/.DS_Store": b"",
    },
    "Windows's": tiny() | {f"{TOP}train/n00000003/Thumbs.db": b"", f"{TOP}val/desktop.ini": b""},
    "boxes and test": tiny()
    | {
        f"{TOP}train/n00000003/n00000003_boxes.txt": b"0",
        f"{TOP}test/images/test_0.JPEG": b"-",
        f"{TOP}wnids.txt": b"n00000003",
    },
    "blanks for tabs": tiny() | {TABLE: tiny()[TABLE].replace(b"\t", b"  ")},
    "Windows's line ends": tiny() | {TABLE: tiny()[TABLE].replace(b"\n", b"\r\n")},
    "nested": {f"{TOP}{name}": content for name, content in tiny().items()},
}


@pytest.mark.parametrize("write", ["folder", "zip", "tar"])
@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_same_images_and_labels(own_places: Path, form: str, write: str) -> None:
    if write == "folder":
        write_folder(own_places, FORMS[form])
    else:
        {"zip": write_zip, "tar": write_tar}[write](own_places / f"tiny-imagenet-200.{write}", FORMS[form])
    images = load("tiny-imagenet", 8)
    assert images.train.labels.tolist() == list(range(200))
    assert torch.equal(images.train.images[:, 0, 0, 0].long(), images.train.labels)
    assert sorted(images.test.labels.tolist()) == list(range(200))
    assert torch.equal(images.test.images[:, 0, 0, 0].long(), images.test.labels)


def test_the_same_images_in_two_archives_count_once(own_places: Path) -> None:
    files = tiny()
    write_zip(own_places / "tiny-imagenet-200.zip", files)
    write_tar(
        own_places / "tiny-imagenet-200-val.tar", {n.removeprefix(TOP): c for n, c in files.items() if "/val/" in n}
    )
    images = load("tiny-imagenet", 8)
    assert len(images.test.labels) == len(images.train.labels) == 200
    assert torch.equal(images.test.images[:, 0, 0, 0].long(), images.test.labels)


def test_a_folder_with_one_split_and_an_archive_with_the_other(own_places: Path) -> None:
    files = tiny()
    write_folder(own_places, without(files, "/val/"))
    write_tar(own_places / "tiny-imagenet-200-val.tar.xz", without(files, "/train/"))
    assert len(load("tiny-imagenet", 8).test.labels) == 200


REFUSED: dict[str, tuple[Files, str]] = {
    "no training": (without(tiny(), "/train/"), "no images in train/"),
    "no test": (without(tiny(), "/val/images/"), "no images in val/images/ or val/<class>/"),
    "no val": (without(tiny(), "/val/"), "no images in val/images/ or val/<class>/"),
    "no list": (without(tiny(), "annotations"), "200 images in val/.*val_annotations.txt is missing; restore"),
    "a list of fewer": (
        tiny() | {TABLE: tiny()[TABLE].replace(b"val_7.JPEG", b"val_700.JPEG")},
        "1 images in val/.*does not name val_7.JPEG",
    ),
    "an empty list": (tiny() | {TABLE: b""}, "200 images in val/.*does not name val_0.JPEG"),
    "199 classes": (without(tiny(), "n00000007"), "199 classes in train/; Tiny ImageNet has 200"),
    "another class": (
        tiny() | {f"{TOP}val/n99999999/val_300.JPEG": image(1)},
        "class 'n99999999' in val/ but not in train/",
    ),
    "text for an image": (tiny() | {f"{TOP}val/images/val_5.JPEG": b"no"}, "val_5.JPEG is not an image"),
}


@pytest.mark.parametrize("write", ["folder", "zip"])
@pytest.mark.parametrize("form", REFUSED)
def test_the_reason_is_the_right_one(own_places: Path, form: str, write: str) -> None:
    files, says = REFUSED[form]
    if write == "folder":
        write_folder(own_places, files)
    else:
        write_zip(own_places / "tiny-imagenet-200.zip", files)
    with pytest.raises(UserError, match=says) as error:
        load("tiny-imagenet", 8)
    assert "\n" not in str(error.value)
    assert not list(own_places.rglob("*.tmp"))
