"""Tiny ImageNet: as published or with its test images in class folders; a folder, its zip, or tars of parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from vitcore.data.registry import Dataset
from vitcore.data.storage.archives import Entry, beside, entries
from vitcore.data.storage.decode import ENDINGS
from vitcore.data.storage.decode_all import decode_all, planned
from vitcore.data.storage.decoded import Arrays, Writer
from vitcore.data.storage.download import Progress, download
from vitcore.data.storage.inventory import hidden
from vitcore.errors import UserError

DOWNLOADS = True
URL = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"
IMAGES, ANNOTATIONS = "images", "val_annotations.txt"
SPLITS = ("train", "val")


def wanted(dataset: Dataset, place: Path) -> str:
    """What a person would bring, and where to put it, for a sentence that says so."""
    return f"tiny-imagenet-200.zip, or the folder {place.name} with its train/ and val/, into {place.parent}"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """The folder, else the archives; both where the folder has one split only, so that what lacks can be said."""
    for folder in (place, place / place.name):  # unpacking makes the second of them on some systems
        present = [split for split in SPLITS if (folder / split).is_dir()]
        if present:
            return [folder] if len(present) == len(SPLITS) else [folder, *beside(place)]
    return beside(place)


def fetch(dataset: Dataset, place: Path, progress: Progress | None) -> None:
    """Download the archive, held to its MD5 sum."""
    download([URL], place.with_suffix(".zip"), MD5, progress)


@dataclass
class Found:
    """The images by what their paths say, each as (name in its source, class or file name)."""

    train: list[tuple[str, str]] = field(default_factory=list)
    sorted: list[tuple[str, str]] = field(default_factory=list)  # test images in class folders
    loose: list[str] = field(default_factory=list)  # test images that only the annotations know
    truth: dict[str, str] | None = None  # the class of each of these, by its name without ending


def read(dataset: Dataset, found: list[Path], image_size: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Train on train/, test on val/ (test/ has no labels); classes in the order of their WordNet identifiers.

    Raises:
        UserError: a split is missing, other classes than it has, or an image that cannot be read.
    """
    known, place = _known(found), " and ".join(map(str, found))
    tested = _tested(known, place)
    for where, images in (("train/<class>/", known.train), ("val/images/ or val/<class>/", tested)):
        if not images:
            raise UserError(f"{place} holds no images in {where}; put the whole of {dataset.label} there")
    identifiers = sorted({identifier for _, identifier in known.train})
    if len(identifiers) != len(dataset.classes):
        raise UserError(
            f"{place} holds {len(identifiers)} classes in train/; {dataset.label} has {len(dataset.classes)} "
            "(a part of it can be read as one's own folder)"
        )
    number = {identifier: label for label, identifier in enumerate(identifiers)}
    strange = sorted({identifier for _, identifier in tested} - set(identifiers))
    if strange:
        raise UserError(f"{place} has the class {strange[0]!r} in val/ but not in train/; both must have the same")
    plan, labels = planned(
        {
            "train": sorted((name, number[of]) for name, of in known.train),
            "test": sorted((name, number[of]) for name, of in tested),
        },
        writer.without,
    )
    writer.begin(labels)
    decode_all(plan, found, writer, image_size=image_size, channels=3, label=dataset.label, progress=progress)
    return writer.finish(dataset.classes)


def _known(sources: Sequence[Path]) -> Found:
    """What the sources hold; of an image that lies in two of them, the first."""
    known = Found()
    for entry, parts in _images_and_tables(sources):
        if parts == ("val", ANNOTATIONS):
            lines = [line.split() for line in entry.content().decode("utf-8", "replace").splitlines()]
            known.truth = {PurePosixPath(words[0]).stem: words[1] for words in lines if len(words) > 1}
        elif PurePosixPath(parts[-1]).suffix.lower() not in ENDINGS:
            continue
        elif parts[0] == "train" and len(parts) > 2:
            known.train.append((entry.name, parts[1]))
        elif parts[0] == "val" and (len(parts) == 2 or parts[1] == IMAGES):
            known.loose.append(entry.name)
        elif parts[0] == "val":
            known.sorted.append((entry.name, parts[1]))
    return known


def _images_and_tables(sources: Sequence[Path]) -> Iterator[tuple[Entry, tuple[str, ...]]]:
    """Each file below train/ and val/ once, with its path from there on."""
    met: set[tuple[str, ...]] = set()
    for source in sources:
        for entry in entries(source):
            # From the split on: what stands before it is the archive's own folder.
            path = PurePosixPath(entry.name).parts
            parts = path[next((i for i, part in enumerate(path) if part in SPLITS), len(path)) :]
            if len(parts) > 1 and parts not in met and not any(map(hidden, path)):
                met.add(parts)
                yield entry, parts


def _tested(known: Found, place: str) -> list[tuple[str, str]]:
    """(name, class) of every test image; one that was copied, not moved, into its class folder counts once."""
    copied = {(PurePosixPath(name).stem, identifier) for name, identifier in known.sorted}
    tested, unknown = list(known.sorted), []
    for name in known.loose:
        stem = PurePosixPath(name).stem
        identifier = (known.truth or {}).get(stem)
        if identifier is None:
            unknown.append(PurePosixPath(name).name)
        elif (stem, identifier) not in copied:
            tested.append((name, identifier))
    if unknown:
        why = "is missing" if known.truth is None else f"does not name {unknown[0]}"
        raise UserError(
            f"what {len(unknown):,} images in val/ of {place} show is not known: val/{ANNOTATIONS} {why}; restore "
            "that file, or sort the images into val/<class>/"
        )
    return tested
