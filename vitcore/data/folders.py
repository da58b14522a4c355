"""Pictures in class folders: a person's own, ImageNet's, CIFAR-10 saved as JPEG; in a folder, a zip or a tar."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path, PurePosixPath

from vitcore.data.archives import beside, entries, is_archive
from vitcore.data.datasets import Dataset
from vitcore.data.decode import ENDINGS
from vitcore.data.decode_all import decode_all, planned
from vitcore.data.decoded import Arrays, Writer
from vitcore.data.download import Progress
from vitcore.errors import Refusal

DOWNLOADS = False
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
}
TEST_SHARE = 0.2  # of a folder that is not split already
MOST_CLASSES = 20_000

Listing = dict[str, dict[str, list[str]]]  # split, class, names; split "" where the folders name none


def wanted(dataset: Dataset, place: Path) -> str:
    return f"a folder {place} with train/ and test/ (or val/) and a folder for each class in them, or an archive of it"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """What stands for the pictures: an archive, or a folder and the folders in it (their times tell of changes)."""
    if place.is_file():
        return [place]
    if place.is_dir():
        return [place, *(Path(parent) / name for parent, folders, _ in os.walk(place) for name in sorted(folders))]
    return beside(place)[:1] if dataset.place else []


def described(dataset: Dataset, place: Path) -> Dataset:
    """The dataset with the classes and rows that are found there, without decoding a picture."""
    splits, classes = _split(place, _listing(place), dataset)
    return replace(dataset, classes=classes, train_rows=len(splits["train"]), test_rows=len(splits["test"]))


def read(dataset: Dataset, found: list[Path], side: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Decode both splits; a folder without splits is split 80 to 20, class by class, the same way each time.

    Raises:
        Refusal: no class folders, other classes than the dataset has, or a picture that cannot be read.
    """
    place = found[0]
    splits, classes = _split(place, _listing(place), dataset)
    plan, labels = planned(splits)
    writer.begin(labels)
    decode_all(plan, [place], writer, side=side, channels=dataset.channels, label=dataset.label, progress=progress)
    return writer.finish(classes)


def _listing(place: Path) -> Listing:
    """Every picture by split and class folder."""
    if place.is_file() and not is_archive(place):
        raise Refusal(f"{place} is neither a folder nor a zip or tar; give one of class folders")
    listing: Listing = defaultdict(lambda: defaultdict(list))
    for entry in entries(place):
        path = PurePosixPath(entry.name)
        hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        if hidden or path.suffix.lower() not in ENDINGS or len(path.parts) < 2:
            continue
        above = SPLIT_NAMES.get(path.parts[-3].lower(), "") if len(path.parts) > 2 else ""
        listing[above][path.parts[-2]].append(entry.name)
    return listing


def _split(place: Path, listing: Listing, dataset: Dataset) -> tuple[dict[str, list[tuple[str, int]]], tuple[str, ...]]:
    """(name, label) of each split's pictures, and the classes in alphabetical order."""
    if listing.get("train"):
        held_out = listing.get("test") or listing.get("val")
        if not held_out:
            raise Refusal(f"{place} has a train/ folder but neither test/ nor val/; add one, or leave the split out")
        train = listing["train"]
    else:
        train, held_out = _shared_out(listing.get("", {}))
    classes = tuple(sorted(train))
    if len(classes) < 2:
        raise Refusal(
            f"{place} holds pictures in {len(classes)} class folder{'s' * (len(classes) != 1)}; "
            "put them into one folder for each class, two at least"
        )
    if len(classes) > MOST_CLASSES:
        raise Refusal(f"{place} holds {len(classes):,} class folders; at most {MOST_CLASSES:,} can be told apart")
    strange = sorted(set(held_out) - set(classes))
    if strange:
        raise Refusal(f"{place} has the class {strange[0]!r} to test on but not to train on; use the same classes")
    if dataset.place and len(classes) != len(dataset.classes):
        raise Refusal(f"{place} holds {len(classes)} class folders; {dataset.label} has {len(dataset.classes)} classes")
    label = {name: number for number, name in enumerate(classes)}
    splits = {
        split: [(name, label[of]) for of in sorted(part) for name in sorted(part[of])]
        for split, part in (("train", train), ("test", held_out))
    }
    return splits, classes


def _shared_out(classes: dict[str, list[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Each class's pictures in two parts, drawn by a fixed seed; a class of one picture is only trained on."""
    train, test = {}, {}
    for of, names in classes.items():
        names = sorted(names)
        chosen = set(random.Random(of).sample(names, round(TEST_SHARE * len(names)) or int(len(names) > 1)))
        train[of] = [name for name in names if name not in chosen]
        test[of] = [name for name in names if name in chosen]
    return train, test
