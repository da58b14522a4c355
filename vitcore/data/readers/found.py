"""What was found in class folders, in sentences: splits, classes, counts, and what was passed over and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from vitcore.data.readers.layouts import HELD_OUT, Layout, validated
from vitcore.data.registry import Dataset

SHOWN, EXAMPLES = 20, 3  # classes and files that a sentence names

Rows = list[tuple[str, int]]  # (name in the source, number of the class)


@dataclass(frozen=True)
class Found:
    """The images of both splits in order, the classes, and what a reader of the results must know of them."""

    splits: dict[str, Rows]
    classes: tuple[str, ...]
    folders: dict[str, str]  # where each split was found; "" where there are none
    notes: tuple[str, ...]

    def as_dataset(self, dataset: Dataset) -> Dataset:
        """The dataset with these classes and rows."""
        train, test = len(self.splits["train"]), len(self.splits["test"])
        return replace(dataset, classes=self.classes, train_samples=train, test_samples=test, found=self.notes)

    def class_sizes(self) -> tuple[list[int], tuple[str, ...]]:
        """How many images of each class are trained on, and the classes' names."""
        sizes = Counter(number for _, number in self.splits["train"])
        return [sizes[number] for number in range(len(self.classes))], self.classes


def sentences(
    layout: Layout, splits: Mapping[str, Rows], classes: Sequence[str], passed: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """What is told on the Datasets page and in a run's notes before anything trains."""
    train, test = len(splits["train"]), len(splits["test"])
    notes = [f"{train:,} images to train on and {test:,} to test on, of {len(classes):,} classes"]
    held_out = next((split for split in HELD_OUT if split in layout.splits), "")
    if not held_out:
        where = f" in {layout.folders['']}" if layout.folders.get("") else ""
        what = f"{layout.table} names" if layout.table else f"the class folders{where} name"
        notes.append(f"{what} no split: a fifth of each class is kept for testing")
    else:
        notes.append(f"trained on is {layout.folders['train']}, tested on {layout.folders[held_out]}")
        if held_out != "test":
            notes.append(f"there is no test split, so the errors are those of {layout.folders[held_out]}")
        for split in HELD_OUT:
            if split == validated(layout) and "val" in splits:
                notes.append(f"validated on is {layout.folders[split]} ({_images(len(splits['val']))})")
            elif split in layout.splits and split != held_out:
                many = sum(map(len, layout.splits[split].values()))
                notes.append(
                    f"kept out of training and of testing is the validation split {layout.folders[split]} "
                    f"({_images(many)})"
                )
    notes += layout.notes
    notes.append("images of each class, training + test: " + _by_class(splits, classes))
    notes.append(always(splits, classes))
    notes += [f"passed over: {_files(names)} ({reason}: {_subset(names)})" for reason, names in passed.items()]
    return tuple(notes)


def majority(train: Sequence[int], test: Sequence[int]) -> tuple[int, float]:
    """The class of most labels to train on, and the error in percent on `test` of always answering it."""
    largest = Counter(train).most_common(1)[0][0]
    return largest, 100 * sum(label != largest for label in test) / len(test)


def always(splits: Mapping[str, Rows], classes: Sequence[str]) -> str:
    """What the simplest answer of all reaches, for the errors of networks to be measured by."""
    largest, error = majority(*([number for _, number in splits[split]] for split in ("train", "test")))
    return (
        f"always answering {shown(classes[largest])!r}, the class of most images to train on, errs on {error:.4g} % of "
        "those to test on"
    )


def left_out(broken: Mapping[str, str]) -> str:
    """What is told of images that were left out since they cannot be read; `broken` says the split of each."""
    share = {of: sum(split == of for split in broken.values()) for of in ("train", "val", "test")}
    val = f", {share['val']:,} of validation" if share["val"] else ""
    return (
        f"left out: {_images(len(broken))} that cannot be read, {share['train']:,} of training{val} and "
        f"{share['test']:,} of testing ({_subset(sorted(broken), SHOWN)})"
    )


def alike(both: int, tested: int, verb: str = "test", error: str = "test") -> tuple[str, ...]:
    """What is told where copies of one image lie in both splits, under whatever names."""
    if not both:
        return ()
    return (
        f"{both:,} of the {_images(tested)} to {verb} on {'is' if both == 1 else 'are'}, byte for byte, "
        f"also to train on, so the {error} error flatters",
    )


def _by_class(splits: Mapping[str, Rows], classes: Sequence[str]) -> str:
    counts = {split: [0] * len(classes) for split in ("train", "test")}
    for split, count in counts.items():
        for _, number in splits[split]:
            count[number] += 1
    pairs = zip(classes, counts["train"], counts["test"], strict=True)
    return _listed(
        [f"{shown(name)}{':' * name.isdecimal()} {trained:,} + {tested:,}" for name, trained, tested in pairs], SHOWN
    )


def _files(names: Sequence[str]) -> str:
    return f"{len(names):,} file{'s' * (len(names) != 1)}"


def _images(count: int) -> str:
    return f"{count:,} image{'s' * (count != 1)}"


def _subset(names: Iterable[str], most: int = EXAMPLES) -> str:
    return _listed([shown(name) for name in names], most)


def _listed(words: Sequence[str], most: int) -> str:
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more:,} more" if more > 0 else "")


def shown(name: str) -> str:
    """A file's name fit for a sentence: its last 80 letters, in one line, bytes that are no text told as such."""
    text = str(PurePosixPath(name)).encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else "�" for letter in text)[-80:]
