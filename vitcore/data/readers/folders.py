"""Images in class folders: a person's own, ImageNet's, CIFAR-10 saved as JPEG; in a folder, a zip or a tar."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Set
from pathlib import Path, PurePosixPath

from vitcore.data.readers.chosen import Passed, chosen
from vitcore.data.readers.decoding import written
from vitcore.data.readers.found import Found
from vitcore.data.readers.layouts import arranged, validated
from vitcore.data.registry import Dataset
from vitcore.data.storage.archives import beside, entries, is_archive
from vitcore.data.storage.decode import ENDINGS
from vitcore.data.storage.decode_all import Plan, decode_all
from vitcore.data.storage.decoded import Arrays, Writer
from vitcore.data.storage.download import Progress
from vitcore.data.storage.inventory import hidden
from vitcore.errors import UserError

DOWNLOADS = False


def wanted(dataset: Dataset, place: Path) -> str:
    """What a person would bring, and where to put it, for a sentence that says so."""
    return f"a folder {place} with train/ and test/ (or val/) and a folder for each class in them, or an archive of it"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """What stands for the images: an archive, or a folder and the folders in it (their times tell of changes)."""
    if place.is_file():
        return [place]
    if place.is_dir():
        return [place, *(Path(parent) / name for parent, folders, _ in os.walk(place) for name in sorted(folders))]
    return beside(place)[:1] if dataset.place else []


def described(dataset: Dataset, place: Path) -> Dataset:
    """The dataset with the classes and rows that are found there, without decoding an image."""
    return found(dataset, place).as_dataset(dataset)


def own_validation(dataset: Dataset, place: Path) -> bool:
    """Whether a validation split lies there besides what is tested on."""
    images, _ = images_at(place)
    return validated(arranged(str(place), images)) != ""


def class_sizes(dataset: Dataset, place: Path) -> tuple[list[int], tuple[str, ...]]:
    """How many images of each class there are to train on, and the classes' names."""
    return found(dataset, place).class_sizes()


def notes(dataset: Dataset, found_in: list[Path]) -> tuple[str, ...]:
    """What a run's notes say of what was found: splits, classes, counts, what was passed over."""
    return found(dataset, found_in[0]).notes


def read(dataset: Dataset, found_in: list[Path], image_size: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Decode both splits; a folder without splits is split 80 to 20, class by class, the same way each time.

    Raises:
        UserError: no class folders, other classes than the dataset has, or an image that cannot be read.
    """
    place = found_in[0]
    known = found(dataset, place, writer.without, apart="val" in writer.splits)

    def decode(plan: Plan) -> None:
        decode_all(
            plan, [place], writer,
            image_size=image_size, channels=dataset.channels, label=dataset.label, progress=progress,
        )  # fmt: skip

    return written(known, writer, decode)


def found(dataset: Dataset, place: Path, without: Set[str] = frozenset(), *, apart: bool = False) -> Found:
    """What is in the folder or archive, no image decoded; `without` those that are known to be broken.

    With `apart` the validation split that lies there is found too.

    Raises:
        UserError: no class folders, a layout that can be read in two ways, or other classes than the dataset has.
    """
    images, passed = images_at(place)
    return chosen(dataset, place, arranged(str(place), images), passed, without, apart=apart)


def images_at(place: Path) -> tuple[list[tuple[tuple[str, ...], str]], Passed]:
    """Every image with the folders above it, and what else lies there.

    Raises:
        UserError: it is neither a folder nor an archive, or one that cannot be read.
    """
    if place.is_file() and not is_archive(place):
        raise UserError(f"{place} is neither a folder nor a zip or tar that can be read; give one of class folders")
    images: dict[PurePosixPath, str] = {}
    passed: Passed = defaultdict(list)
    for entry in entries(place):
        path = PurePosixPath(entry.name)
        if any(hidden(part) for part in path.parts):
            passed["hidden"].append(entry.name)
        elif is_archive(Path(path.name)):
            passed["an archive within"].append(entry.name)
        elif path.suffix.lower() not in ENDINGS:
            passed["no image by its ending"].append(entry.name)
        elif path in images:
            passed["there twice, the first is read"].append(entry.name)
        else:
            images[path] = entry.name
    return [(path.parent.parts, name) for path, name in images.items()], passed
