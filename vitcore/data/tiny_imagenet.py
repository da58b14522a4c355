"""Tiny ImageNet in its original layout: a folder, the zip it is published as, or tars of its parts."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from vitcore.data.archives import beside, entries
from vitcore.data.datasets import Dataset
from vitcore.data.decode_all import decode_all, planned
from vitcore.data.decoded import Arrays, Writer
from vitcore.data.download import Progress, download
from vitcore.errors import Refusal

DOWNLOADS = True
URL = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"
ANNOTATIONS = "val/val_annotations.txt"


def wanted(dataset: Dataset, place: Path) -> str:
    return f"tiny-imagenet-200.zip, or the folder {place.name} with its train/ and val/, into {place.parent}"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """The folder's two splits, else the archives that hold them."""
    splits = [place / "train", place / "val"]
    return [place, *splits] if all(split.is_dir() for split in splits) else beside(place)


def fetch(dataset: Dataset, place: Path, progress: Progress | None) -> None:
    download([URL], place.with_suffix(".zip"), MD5, progress)


def read(dataset: Dataset, found: list[Path], side: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Train on train/, test on val/ (test/ has no labels); classes in the order of their WordNet identifiers.

    Raises:
        Refusal: a split is missing, other classes than it has, or a picture that cannot be read.
    """
    sources = found[:1] if found[0].is_dir() else found
    train: list[tuple[str, str]] = []  # name, identifier
    tested: list[str] = []
    truth: dict[str, str] = {}
    for source in sources:
        for entry in entries(source):
            # From the split on: what stands before it is the archive's own folder.
            parts = PurePosixPath(entry.name).parts
            parts = parts[next((i for i, part in enumerate(parts) if part in ("train", "val")), len(parts)) :]
            if "/".join(parts) == ANNOTATIONS:
                lines = entry.content().decode("utf-8", "replace").splitlines()
                truth = {line.split("\t")[0]: line.split("\t")[1] for line in lines if "\t" in line}
            elif len(parts) == 4 and parts[0] == "train" and parts[3].endswith(".JPEG"):
                train.append((entry.name, parts[1]))
            elif len(parts) == 3 and parts[:2] == ("val", "images") and parts[2].endswith(".JPEG"):
                tested.append(entry.name)
    if not train or not tested or not truth:
        lacking = "train/" if not train else "val/images/" if not tested else ANNOTATIONS
        raise Refusal(f"{sources[0]} lacks {lacking} of {dataset.label}; put the whole of it there")
    identifiers = sorted({identifier for _, identifier in train})
    if len(identifiers) != len(dataset.classes):
        raise Refusal(f"{sources[0]} holds {len(identifiers)} classes; {dataset.label} has {len(dataset.classes)}")
    number = {identifier: label for label, identifier in enumerate(identifiers)}
    try:
        test = [(name, number[truth[PurePosixPath(name).name]]) for name in sorted(tested)]
    except KeyError as error:
        raise Refusal(f"{ANNOTATIONS} in {sources[0]} does not say what {error} shows; restore that file") from error
    plan, labels = planned({"train": sorted((name, number[of]) for name, of in train), "test": test}, writer.without)
    writer.begin(labels)
    decode_all(plan, sources, writer, side=side, channels=3, label=dataset.label, progress=progress)
    return writer.finish(dataset.classes)
