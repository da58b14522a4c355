"""MNIST and Fashion-MNIST: idx files, as published, as torchvision unpacks them or as Kaggle names them."""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from pathlib import Path

import numpy as np

from vitcore.data.registry import Dataset
from vitcore.data.storage.decoded import Arrays, Writer, stamp
from vitcore.data.storage.download import Progress, download
from vitcore.data.storage.regular import read_regular
from vitcore.errors import UserError, first_line

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
DOWNLOADS = True
LARGEST = 2**29  # bytes of a file, unpacked
PACKED = b"\x1f\x8b"  # how gzip begins, whatever the file is called: browsers unpack without a word, or do not


def wanted(dataset: Dataset, place: Path) -> str:
    """What a person would bring, and where to put it, for a sentence that says so."""
    missing = [name for name in _names() if _file(place, name) is None]
    if len(missing) in (0, 4):
        return f"its four idx files (train-images-idx3-ubyte and so on, with .gz or without) into {place / 'raw'}"
    return f"{' and '.join(missing)} (with .gz or without) beside its other files into {place / 'raw'}"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """All four files, or none."""
    paths = [path for name in _names() if (path := _file(place, name)) is not None]
    return paths if len(paths) == len(_names()) else []


def _names() -> list[str]:
    return [name for pair in FILES.values() for name in pair]


def _file(place: Path, name: str) -> Path | None:
    """One of the four, in raw/ or beside it, under the name it has at its publisher's or at Kaggle's."""
    spelled = (name, name.replace("-idx", ".idx"))
    candidates = [
        folder / inside / f"{spelling}{ending}"
        for folder in (place / "raw", place)
        for spelling in spelled
        for ending in ("", ".gz")
        for inside in ("", spelling)  # Kaggle's archive has each file once more, in a folder of its own name
    ]
    return next((path for path in candidates if path.is_file()), None)


def fetch(dataset: Dataset, place: Path, progress: Progress | None) -> None:
    """Download and unpack what is absent from the mirrors that torchvision knows, each file held to its MD5 sum."""
    from vitcore.vision import torchvision

    source = getattr(torchvision.datasets, dataset.place)  # MNIST or FashionMNIST
    for name, md5 in source.resources:
        packed, path = place / "raw" / name, place / "raw" / name.removesuffix(".gz")
        if _file(place, path.name) is not None:
            continue
        download([mirror + name for mirror in source.mirrors], packed, md5, progress)
        draft = path.with_name(path.name + ".part")
        with gzip.open(packed) as small, draft.open("wb") as large:
            shutil.copyfileobj(small, large)
        os.replace(draft, path)
        packed.unlink()


def read(dataset: Dataset, found: list[Path], image_size: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Hand both splits to `writer`.

    Raises:
        UserError: a file that is not what it should be, by name.
    """
    from vitcore.data.resize import resized

    arrays = dict(zip(_names(), (_array(path, dataset.image_size) for path in found), strict=True))
    paths = dict(zip(_names(), found, strict=True))
    for images_file, labels_file in FILES.values():
        _check_labels(dataset, arrays[labels_file], len(arrays[images_file]), paths[images_file], paths[labels_file])
    writer.begin({split: arrays[labels] for split, (_, labels) in FILES.items()})
    for split, (images_file, _) in FILES.items():
        images = arrays[images_file]
        stamps = [stamp(image.tobytes()) for image in images]
        writer.put(split, 0, resized(images[:, None], image_size), stamps)
        if progress:
            progress(f"reading {dataset.label}", 0.5 if split == "train" else 1.0)
    return writer.finish(dataset.classes)


def _array(path: Path, image_size: int) -> np.ndarray:
    """The bytes of a file of images (n, y, x) or labels (n,), once its header and length are an idx file's."""
    content = _unpacked(path)
    axes = 3 if "idx3" in path.name else 1
    head = content[: 4 * (1 + axes)]
    header = np.frombuffer(head[: len(head) // 4 * 4], dtype=">i4")
    if len(header) < 1 + axes or header[0] != 0x0800 + axes:
        raise UserError(
            f"{path} is not an idx file of bytes (its header is wrong); remove it and let it be downloaded again"
        )
    shape = [int(size) for size in header[1:]]
    if axes == 3 and shape[1:] != [image_size, image_size]:
        raise UserError(
            f"{path} says its images are {shape[2]}x{shape[1]}, not {image_size}x{image_size}; remove it and try again"
        )
    length = len(head) + (shape[0] * image_size * image_size if axes == 3 else shape[0])
    if len(content) != length:
        raise UserError(
            f"{path} has {len(content):,} bytes where its header promises {length:,}; "
            "it is cut short or damaged: remove it and let it be downloaded again"
        )
    return np.frombuffer(bytearray(content), np.uint8, offset=len(head)).reshape(shape)  # torch wants to write it


def _unpacked(path: Path) -> bytes:
    """A file's bytes, no more than a data set's, whether it is packed or not."""
    content = read_regular(path, LARGEST)
    if not content.startswith(PACKED):
        return content
    unpacking = zlib.decompressobj(wbits=31)  # gzip's own form
    try:
        plain = unpacking.decompress(content, LARGEST + 1)
    except zlib.error as error:
        raise UserError(
            f"{path} is not an idx file: it begins as a gzip file and cannot be unpacked ({first_line(error)}); "
            "remove it and let it be downloaded again"
        ) from error
    if len(plain) > LARGEST:
        raise UserError(f"{path} unpacks to more than {LARGEST:,} bytes, so it is not {path.stem}; remove it")
    return plain


def _check_labels(dataset: Dataset, labels: np.ndarray, images: int, images_path: Path, labels_path: Path) -> None:
    """Refuse labels that are not one for each image, or of no class."""
    if images != len(labels):
        raise UserError(
            f"{images_path} holds {images:,} images but {labels_path.name} {len(labels):,} labels; "
            "remove both and let them be downloaded again"
        )
    if labels.max(initial=0) >= len(dataset.classes):
        raise UserError(
            f"{labels_path} holds the label {labels.max()}, but {dataset.label} has the classes 0 to "
            f"{len(dataset.classes) - 1}; remove the file and let it be downloaded again"
        )
