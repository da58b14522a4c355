"""CIFAR-10 and CIFAR-100: fetched, checked and read as torchvision's dataset classes know them."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from vitcore.data.datasets import Dataset
from vitcore.data.decoded import Arrays, Writer
from vitcore.data.download import Progress, download
from vitcore.errors import Refusal

DOWNLOADS = True
NAMES = {
    "cifar-10-batches-py": ("batches.meta", *(f"data_batch_{number}" for number in range(1, 6)), "test_batch"),
    "cifar-100-python": ("meta", "train", "test"),
}


def wanted(dataset: Dataset, place: Path) -> str:
    return f"the folder {place.name} of its Python version into {place.parent}"


def find(dataset: Dataset, place: Path) -> list[Path]:
    paths = [place / name for name in NAMES[dataset.place]]
    return paths if all(path.is_file() for path in paths) else []


def fetch(dataset: Dataset, place: Path, progress: Progress | None) -> None:
    """Bring the archive and take out of it the files that are known, and nothing else."""
    source = _source(dataset)
    packed = place.parent / source.filename
    download([source.url], packed, source.tgz_md5, progress)
    place.mkdir(parents=True, exist_ok=True)
    with tarfile.open(packed) as archive:
        for name in NAMES[dataset.place]:
            file = archive.extractfile(f"{place.name}/{name}")
            if file is None:
                raise Refusal(f"{packed} holds no {place.name}/{name}; remove it and let it be downloaded again")
            draft = place / f"{name}.part"
            draft.write_bytes(file.read())
            os.replace(draft, place / name)
    packed.unlink()


def read(dataset: Dataset, found: list[Path], side: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Hand both splits to `writer`.

    The files are pickles: each is compared with its published checksum before torchvision opens it, so that nothing
    but the genuine bytes is ever unpickled.

    Raises:
        Refusal: a file that is not the published one, by name.
    """
    from vitcore.data.resize import resized

    source, place = _source(dataset), found[0].parent
    known = [*source.train_list, *source.test_list, [source.meta["filename"], source.meta["md5"]]]
    for name, md5 in known:
        if hashlib.md5((place / name).read_bytes(), usedforsecurity=False).hexdigest() != md5:
            raise Refusal(f"{place / name} is not the published file; remove it and let it be downloaded again")
    splits = {split: source(place.parent, train=split == "train", download=False) for split in ("train", "test")}
    writer.begin({split: np.array(pictures.targets) for split, pictures in splits.items()})
    for split, pictures in splits.items():
        writer.put(split, 0, resized(pictures.data.transpose(0, 3, 1, 2), side))
        if progress:
            progress(f"reading {dataset.label}", 0.5 if split == "train" else 1.0)
    return writer.finish(dataset.classes)


def _source(dataset: Dataset) -> Any:
    from vitcore.vision import torchvision

    classes = {"cifar-10-batches-py": torchvision.datasets.CIFAR10, "cifar-100-python": torchvision.datasets.CIFAR100}
    return classes[dataset.place]
