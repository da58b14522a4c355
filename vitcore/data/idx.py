"""MNIST and Fashion-MNIST: idx files, named, fetched and read as torchvision's dataset classes know them."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import numpy as np

from vitcore.data.datasets import Dataset
from vitcore.data.decoded import Arrays, Writer
from vitcore.data.download import Progress, download
from vitcore.errors import Refusal

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
DOWNLOADS = True


def wanted(dataset: Dataset, place: Path) -> str:
    return f"its four idx files (train-images-idx3-ubyte and so on) into {place / 'raw'}"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """All four files, or none."""
    paths = [place / "raw" / name for pair in FILES.values() for name in pair]
    return paths if all(path.is_file() for path in paths) else []


def fetch(dataset: Dataset, place: Path, progress: Progress | None) -> None:
    from vitcore.vision import torchvision

    source = getattr(torchvision.datasets, dataset.place)  # MNIST or FashionMNIST
    for name, md5 in source.resources:
        packed, path = place / "raw" / name, place / "raw" / name.removesuffix(".gz")
        if path.is_file():
            continue
        download([mirror + name for mirror in source.mirrors], packed, md5, progress)
        draft = path.with_name(path.name + ".part")
        with gzip.open(packed) as small, draft.open("wb") as large:
            shutil.copyfileobj(small, large)
        os.replace(draft, path)
        packed.unlink()


def read(dataset: Dataset, found: list[Path], side: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Hand both splits to `writer`.

    Raises:
        Refusal: a file that is not what it should be, by name.
    """
    for path in found:
        _check(path, dataset.side)
    from vitcore.data.resize import resized
    from vitcore.vision import torchvision

    source = getattr(torchvision.datasets, dataset.place)
    splits = {split: source(found[0].parent.parent.parent, train=split == "train", download=False) for split in FILES}
    labels = {split: pictures.targets.numpy() for split, pictures in splits.items()}
    for split, names in FILES.items():
        _check_labels(dataset, labels[split], len(splits[split].data), *(found[0].parent / name for name in names))
    writer.begin(labels)
    for split, pictures in splits.items():
        writer.put(split, 0, resized(pictures.data.numpy()[:, None], side))
        if progress:
            progress(f"reading {dataset.label}", 0.5 if split == "train" else 1.0)
    return writer.finish(dataset.classes)


def _check(path: Path, side: int) -> None:
    """Refuse a file whose header or length is not an idx file's of this dataset."""
    axes = 3 if "idx3" in path.name else 1
    with path.open("rb") as file:
        head = file.read(4 * (1 + axes))
    header = np.frombuffer(head[: len(head) // 4 * 4], dtype=">i4")
    if len(header) < 1 + axes or header[0] != 0x0800 + axes:
        raise Refusal(
            f"{path} is not an idx file of bytes (its header is wrong); remove it and let it be downloaded again"
        )
    shape = [int(size) for size in header[1 : 1 + axes]]
    if axes == 3 and shape[1:] != [side, side]:
        raise Refusal(f"{path} says its pictures are {shape[2]}x{shape[1]}, not {side}x{side}; remove it and try again")
    length = 4 * (1 + axes) + int(np.prod(shape))
    if path.stat().st_size != length:
        raise Refusal(
            f"{path} has {path.stat().st_size:,} bytes where its header promises {length:,}; "
            "it is cut short or damaged: remove it and let it be downloaded again"
        )


def _check_labels(dataset: Dataset, labels: np.ndarray, pictures: int, images_path: Path, labels_path: Path) -> None:
    """Refuse labels that are not one for each picture, or of no class."""
    if pictures != len(labels):
        raise Refusal(
            f"{images_path} holds {pictures:,} pictures but {labels_path.name} {len(labels):,} labels; "
            "remove both and let them be downloaded again"
        )
    if labels.max(initial=0) >= len(dataset.classes):
        raise Refusal(
            f"{labels_path} holds the label {labels.max()}, but {dataset.label} has the classes 0 to "
            f"{len(dataset.classes) - 1}; remove the file and let it be downloaded again"
        )
