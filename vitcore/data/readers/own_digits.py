"""Handwritten digits of a person's own in folders 0 to 9, each image made into MNIST's form as a drawing is."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from pathlib import Path

from vitcore.data.readers import folders
from vitcore.data.readers.decoding import written
from vitcore.data.readers.found import Found, shown
from vitcore.data.registry import Dataset
from vitcore.data.storage.decode import Decoded, whole
from vitcore.data.storage.decode_all import Plan, decode_all
from vitcore.data.storage.decoded import Arrays, Writer
from vitcore.data.storage.download import Progress
from vitcore.errors import UserError

DOWNLOADS = False


def wanted(dataset: Dataset, place: Path) -> str:
    """What a person would bring, for a sentence that says so."""
    return f"at {place} a folder for each digit, 0 to 9, or train/ and test/ with such folders in them"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """What stands for the images: an archive, or a folder and the folders in it."""
    return folders.find(dataset, place)


def described(dataset: Dataset, place: Path) -> Dataset:
    """The dataset with the rows that are found there, without decoding an image; its classes are all ten digits."""
    return found(dataset, place).as_dataset(dataset)


def own_validation(dataset: Dataset, place: Path) -> bool:
    """Whether a validation split lies there besides what is tested on."""
    return folders.own_validation(dataset, place)


def class_sizes(dataset: Dataset, place: Path) -> tuple[list[int], tuple[str, ...]]:
    """How many images of each digit there are to train on, and the digits; those without an image are left out."""
    sizes, classes = found(dataset, place).class_sizes()
    there = [number for number, size in enumerate(sizes) if size]
    return [sizes[number] for number in there], tuple(classes[number] for number in there)


def notes(dataset: Dataset, found_in: list[Path]) -> tuple[str, ...]:
    """What a run's notes say of what was found: splits, classes, counts, what was passed over."""
    return found(dataset, found_in[0]).notes


def read(dataset: Dataset, found_in: list[Path], image_size: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Decode the splits; folders without splits are split 80 to 20, digit by digit, the same way each time.

    Raises:
        UserError: no such folders, one that is called otherwise, or an image on which no digit is to be seen.
    """
    place = found_in[0]
    known = found(dataset, place, writer.without, apart="val" in writer.splits)

    def decode(plan: Plan) -> None:
        decode_all(
            plan, [place], writer,
            image_size=image_size, channels=dataset.channels, label=dataset.label, progress=progress, whole=_digit,
        )  # fmt: skip

    return written(known, writer, decode)


def found(dataset: Dataset, place: Path, without: Set[str] = frozenset(), *, apart: bool = False) -> Found:
    """What is in the folder or archive, by the ten digits' own numbers; no image is decoded.

    Raises:
        UserError: no class folders, a layout that can be read in two ways, or a folder that is called by no digit.
    """
    there = folders.found(dataset, place, without, apart=apart)
    strange = [name for name in there.classes if name not in dataset.classes]
    if strange:
        raise UserError(
            f"{place} holds the class folder {shown(strange[0])!r}; call the folders of {dataset.label} by their "
            f"digit, {dataset.classes[0]} to {dataset.classes[-1]}"
        )
    number = [dataset.classes.index(name) for name in there.classes]
    splits = {split: [(name, number[label]) for name, label in rows] for split, rows in there.splits.items()}
    return replace(there, splits=splits, classes=dataset.classes)


def _digit(content: bytes, name: str | Path, image_size: int, channels: int, resize: str) -> Decoded:
    """An image as Draw would hand it to a model that reads MNIST. Raises UserError where nothing is to be seen."""
    from vitcore.data.image import handwriting

    return whole(content, name, image_size, channels, resize, made=lambda image: handwriting(image, image_size))
