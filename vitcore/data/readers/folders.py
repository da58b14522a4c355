"""Images in class folders: a person's own, ImageNet's, CIFAR-10 saved as JPEG; in a folder, a zip or a tar."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import replace
from pathlib import Path, PurePosixPath

from vitcore.data.readers.found import Found, Rows, alike, sentences, shown
from vitcore.data.readers.layouts import HELD_OUT, Classes, Layout, arranged, validated
from vitcore.data.registry import Dataset
from vitcore.data.storage.archives import beside, entries, is_archive
from vitcore.data.storage.decode import ENDINGS
from vitcore.data.storage.decode_all import decode_all, planned
from vitcore.data.storage.decoded import Arrays, Writer
from vitcore.data.storage.download import Progress
from vitcore.data.storage.inventory import hidden
from vitcore.errors import UserError

DOWNLOADS = False
TEST_SHARE = 0.2  # of a folder that is not split already
MOST_CLASSES = 20_000

Passed = dict[str, list[str]]  # names by the reason for which they were passed over


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
    known = found(dataset, place)
    rows = {split: len(rows) for split, rows in known.splits.items()}
    return replace(
        dataset, classes=known.classes, train_samples=rows["train"], test_samples=rows["test"], found=known.notes
    )


def own_validation(dataset: Dataset, place: Path) -> bool:
    """Whether a validation split lies there besides what is tested on."""
    images, _ = _images(place)
    return validated(arranged(str(place), images)) != ""


def class_sizes(dataset: Dataset, place: Path) -> tuple[list[int], tuple[str, ...]]:
    """How many images of each class there are to train on, and the classes' names."""
    known = found(dataset, place)
    sizes = [0] * len(known.classes)
    for _, number in known.splits["train"]:
        sizes[number] += 1
    return sizes, known.classes


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
    writer.notes = known.notes
    plan, labels = planned(known.splits)
    writer.begin(labels)
    decode_all(
        plan, [place], writer, image_size=image_size, channels=dataset.channels, label=dataset.label, progress=progress
    )
    writer.notes += alike(writer.alike(), len(labels["test"]))
    if "val" in labels:
        writer.notes += alike(writer.alike("val"), len(labels["val"]), "validate", "validation")
    return writer.finish(known.classes)


def found(dataset: Dataset, place: Path, without: Set[str] = frozenset(), *, apart: bool = False) -> Found:
    """What is in the folder or archive, no image decoded; `without` those that are known to be broken.

    With `apart` the validation split that lies there is found too.

    Raises:
        UserError: no class folders, a layout that can be read in two ways, or other classes than the dataset has.
    """
    images, passed = _images(place)
    layout = arranged(str(place), images)
    repeated = _Repeated(place)
    train, tested = _parts(place, layout, repeated)
    classes = tuple(sorted(train))
    _check(dataset, place, classes, tested, passed)
    number = {name: label for label, name in enumerate(classes)}
    parts = {"train": train, "test": tested}
    strange: Passed = {}
    if apart:
        parts["val"] = _validation(place, layout, repeated, classes, strange)
    splits: dict[str, Rows] = {
        split: [(name, number[of]) for of in sorted(part) for name in sorted(part[of]) if name not in without]
        for split, part in parts.items()
    }
    for split, rows in splits.items():
        if not rows:
            verb = "validate" if split == "val" else split
            raise UserError(
                f"{place} has no images to {verb} on; at least one is needed, two in a class that is split here"
            )
    notes_of = passed | layout.aside | repeated.passed | strange
    return Found(splits, classes, layout.folders, sentences(layout, splits, classes, notes_of))


def _images(place: Path) -> tuple[list[tuple[tuple[str, ...], str]], Passed]:
    """Every image with the folders above it, and what else lies there."""
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


def _parts(place: Path, layout: Layout, repeated: _Repeated) -> tuple[Classes, Classes]:
    """The images to train on and to test on, by class; no file is in both, by whatever name it goes."""
    if "" in layout.splits:
        return _shared_out({of: repeated.once(names) for of, names in layout.splits[""].items()})
    tested = layout.splits[next(split for split in HELD_OUT if split in layout.splits)]
    train = {of: repeated.once(names) for of, names in layout.splits["train"].items()}
    for names in tested.values():
        _refuse_trained_on(place, names, repeated, "to test on")
    return train, tested


def _refuse_trained_on(place: Path, names: Sequence[str], repeated: _Repeated, purpose: str) -> None:
    """Hold that none of these is a file of the training split by another name. Raises UserError."""
    for name in names:
        other = repeated.first(name)
        if other is not None:
            raise UserError(
                f"{place} holds {shown(name)} {purpose} and {shown(other)} to train on, and both are one file "
                "through a link; take one of them away"
            )


def _validation(place: Path, layout: Layout, repeated: _Repeated, classes: tuple[str, ...], strange: Passed) -> Classes:
    """The images of the validation split, by class; those of classes that are not trained on go to `strange`."""
    chosen: Classes = {}
    for of, names in layout.splits[validated(layout)].items():
        if of not in classes:
            strange[f"to validate on, of the class {of!r}, which is not trained on"] = names
            continue
        _refuse_trained_on(place, names, repeated, "to validate on")
        chosen[of] = names
    return chosen


def _check(dataset: Dataset, place: Path, classes: tuple[str, ...], tested: Classes, passed: Passed) -> None:
    if len(classes) < 2:
        inner = passed.get("an archive within", [])
        way = f"; it holds the archive {shown(inner[0])}: unpack that, and give the folder" if inner else ""
        raise UserError(
            f"{place} holds images in {len(classes)} class folder{'s' * (len(classes) != 1)}; "
            f"put them into one folder for each class, two at least{way}"
        )
    if len(classes) > MOST_CLASSES:
        raise UserError(f"{place} holds {len(classes):,} class folders; at most {MOST_CLASSES:,} can be told apart")
    strange = sorted(set(tested) - set(classes))
    if strange:
        raise UserError(f"{place} has the class {strange[0]!r} to test on but not to train on; use the same classes")
    if dataset.place and len(classes) != len(dataset.classes):
        raise UserError(
            f"{place} holds {len(classes)} class folders; {dataset.label} has {len(dataset.classes)} classes"
        )


class _Repeated:
    """Tells files of a folder that are one file through links, soft or hard; in an archive there are no links."""

    def __init__(self, place: Path) -> None:
        self._place, self._links = place, place.is_dir()
        self._read_from: dict[tuple[int, int], str] = {}
        self.passed: Passed = {}

    def once(self, names: list[str]) -> list[str]:
        """The names without those of a file that came before."""
        stored = []
        for name in sorted(names):
            file = self._file(name)
            if file is not None and file in self._read_from:
                self.passed.setdefault("one file with another, through a link", []).append(name)
                continue
            if file is not None:
                self._read_from[file] = name
            stored.append(name)
        return stored

    def first(self, name: str) -> str | None:
        """The name under which the file came before."""
        file = self._file(name)
        return None if file is None else self._read_from.get(file)

    def _file(self, name: str) -> tuple[int, int] | None:
        if not self._links:
            return None
        try:
            about = os.stat(self._place / name)
        except OSError:  # a link that leads nowhere: told when it is read
            return None
        return (about.st_dev, about.st_ino) if about.st_ino else None


def _shared_out(classes: Classes) -> tuple[Classes, Classes]:
    """Each class's images in two parts, drawn by a fixed seed; a class of one image is only trained on."""
    train, test = {}, {}
    for of, names in classes.items():
        names = sorted(names)
        chosen = set(random.Random(of).sample(names, round(TEST_SHARE * len(names)) or int(len(names) > 1)))
        train[of] = [name for name in names if name not in chosen]
        test[of] = [name for name in names if name in chosen]
    return train, test
