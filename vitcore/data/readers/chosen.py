"""From what a reader found to the rows of each split: what is trained on, what is tested on, what validates."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence, Set
from pathlib import Path

from vitcore.data.readers.found import Found, Rows, sentences, shown
from vitcore.data.readers.layouts import HELD_OUT, Classes, Layout, validated
from vitcore.data.registry import Dataset
from vitcore.errors import UserError

TEST_SHARE = 0.2  # of images that are not split already
MOST_CLASSES = 20_000

Passed = dict[str, list[str]]  # names by the reason for which they were passed over


def chosen(
    dataset: Dataset,
    place: Path,
    layout: Layout,
    passed: Passed,
    without: Set[str] = frozenset(),
    *,
    apart: bool = False,
) -> Found:
    """The rows of each split by class, `without` those that are known to be broken, and what is told of them.

    With `apart` the validation split that lies there is among them. What names no split is split 80 to 20, class by
    class, the same way each time.

    Raises:
        UserError: fewer than two classes or other classes than the dataset has, a class that is only tested on, one
            file in two splits, or a split without images.
    """
    repeated = _Repeated(place)
    train, tested = _parts(place, layout, repeated)
    classes = layout.order or tuple(sorted(train))
    _check(dataset, place, layout, classes, tested, passed)
    number = {name: label for label, name in enumerate(classes)}
    parts = {"train": train, "test": tested}
    strange: Passed = {}
    if apart:
        parts["val"] = _validation(place, layout, repeated, classes, strange)
    splits: dict[str, Rows] = {
        split: [(name, number[of]) for of in classes for name in sorted(part.get(of, [])) if name not in without]
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


def numbered(names: Iterable[str]) -> tuple[str, ...]:
    """The classes of a table in order: by number where all are whole numbers, else by name."""
    unique = set(names)
    if all(name.isascii() and name.isdecimal() for name in unique):
        return tuple(sorted(unique, key=lambda name: (int(name), name)))
    return tuple(sorted(unique))


def _parts(place: Path, layout: Layout, repeated: _Repeated) -> tuple[Classes, Classes]:
    """The images to train on and to test on, by class; no file is in both, by whatever name it goes."""
    if "" not in layout.splits and ("train" not in layout.splits or not set(HELD_OUT) & set(layout.splits)):
        there = "train" in layout.splits
        raise UserError(
            f"{place} holds images to {'train' if there else 'test'} on and none to {'test' if there else 'train'} on; "
            "bring both, or name no split, for a fifth of each class to be tested on"
        )
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


def _check(
    dataset: Dataset, place: Path, layout: Layout, classes: tuple[str, ...], tested: Classes, passed: Passed
) -> None:
    if len(classes) < 2 and layout.table:
        raise UserError(
            f"{place} holds images of {len(classes)} class{'es' * (len(classes) != 1)}; two at least are needed"
        )
    if len(classes) < 2:
        inner = passed.get("an archive within", [])
        way = f"; it holds the archive {shown(inner[0])}: unpack that, and give the folder" if inner else ""
        raise UserError(
            f"{place} holds images in {len(classes)} class folder{'s' * (len(classes) != 1)}; "
            f"put them into one folder for each class, two at least{way}"
        )
    if len(classes) > MOST_CLASSES:
        what = "classes" if layout.table else "class folders"
        raise UserError(f"{place} holds {len(classes):,} {what}; at most {MOST_CLASSES:,} can be told apart")
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
