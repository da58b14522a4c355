"""Images and labels in one .npz: MedMNIST's keys, Keras', and pairs without a split. Nothing in it is unpickled."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from lzma import LZMAError

import numpy as np

from vitcore.data.readers.chosen import Passed, numbered
from vitcore.data.readers.layouts import Layout
from vitcore.data.readers.lying import LARGEST_FILE, Lying
from vitcore.data.readers.rows import channels_last, check_pixels, check_shape, class_names, put_rows, row_name
from vitcore.data.storage.decode_all import Plan
from vitcore.data.storage.decoded import Writer
from vitcore.data.storage.download import Progress
from vitcore.data.storage.regular import open_regular
from vitcore.errors import UserError, first_line

# Of each split the names of its images and of its labels: MedMNIST's, Keras', and what people write.
KEYS: dict[str, tuple[tuple[str, str], ...]] = {
    "train": (("train_images", "train_labels"), ("x_train", "y_train"), ("train_x", "train_y")),
    "val": (("val_images", "val_labels"), ("x_val", "y_val"), ("val_x", "val_y"), ("x_valid", "y_valid")),
    "test": (("test_images", "test_labels"), ("x_test", "y_test"), ("test_x", "test_y")),
    "": (("images", "labels"), ("x", "y"), ("data", "target"), ("data", "labels"), ("image", "label")),
}
WAY_OUT = "name the arrays train_images, train_labels, test_images and test_labels, or x_train, y_train, x_test, y_test"
MOST_MEMBERS = 1000
LONGEST_HEADER = 10_000  # letters: numpy's own limit
BROKEN = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, ValueError, NotImplementedError, RuntimeError, OSError)


def recognizes(lying: Lying) -> bool:
    """Whether it is an .npz, or holds one and nothing that is an image."""
    return len(lying.ending(".npz")) == 1


def arranged(lying: Lying) -> tuple[Layout, Passed]:
    """Its splits and classes, from the headers of the images and the labels alone.

    Raises:
        UserError: it is damaged, lacks the arrays, or holds others than images and labels.
    """
    [name] = lying.ending(".npz")
    with _opened(lying, name) as archive:
        pairs = _pairs(archive, f"{lying.place / name}")
        splits: dict[str, dict[str, list[str]]] = {}
        for split, (images, labels) in pairs.items():
            shape, kind, _ = _header(archive, images)
            check_pixels(kind, f"{name}: {images}")
            check_shape(shape, f"{name}: {images}")
            of = class_names(_array(archive, labels), f"{name}: {labels}", shape[0])
            classes = splits.setdefault(split, {})
            for row, label in enumerate(of):
                classes.setdefault(label, []).append(row_name(images, row))
        used = {key for pair in pairs.values() for key in pair}
        passed = {"no split of images and labels": sorted(set(_members(archive)) - used)}
    order = numbered(splits["train" if "train" in splits else next(iter(splits))])
    folders = {split: pairs[split][0] for split in splits}
    return Layout(splits, folders, {}, table=name, order=order), {k: v for k, v in passed.items() if v}


def decode(
    lying: Lying, plan: Plan, writer: Writer, *, image_size: int, channels: int, label: str, progress: Progress | None
) -> None:
    """Hand every planned image to `writer`; raises UserError where an array is damaged or on no known scale."""
    [name] = lying.ending(".npz")
    with _opened(lying, name) as archive:

        def give(key: str) -> np.ndarray:
            return channels_last(_array(archive, key), f"{name}: {key}")

        put_rows(plan, give, writer, image_size=image_size, channels=channels, label=label, progress=progress)


@contextmanager
def _opened(lying: Lying, name: str) -> Iterator[zipfile.ZipFile]:
    path = lying.place / name
    try:
        if lying.place.is_dir():
            with open_regular(path, LARGEST_FILE) as raw, zipfile.ZipFile(raw) as archive:
                archive.filename = str(path)  # else that of a file without a name: its descriptor's number
                yield archive
        else:
            with zipfile.ZipFile(io.BytesIO(lying.content(name)[name])) as archive:
                archive.filename = str(path)
                yield archive
    except UserError:
        raise
    except BROKEN as error:
        raise UserError(f"{path} is not a whole .npz file ({first_line(error)}); save or download it again") from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """What is in it, by the arrays' names."""
    found = archive.infolist()
    if len(found) > MOST_MEMBERS:
        raise ValueError(f"it holds {len(found):,} arrays")
    return {info.filename.removesuffix(".npy"): info for info in found}


def _pairs(archive: zipfile.ZipFile, path: str) -> dict[str, tuple[str, str]]:
    """The names of each split's images and labels, as the file spells them."""
    there = {name.casefold(): name for name in _members(archive)}
    found: dict[str, tuple[str, str]] = {}
    for split, pairs in KEYS.items():
        for images, labels in pairs:
            if images in there and labels in there and split not in found:
                found[split] = there[images], there[labels]
    if len(found) > 1:
        found.pop("", None)
    if not found:
        listed = ", ".join(list(there.values())[:8]) or "nothing"
        raise UserError(f"{path} holds {listed}, and no pair of images and labels; {WAY_OUT}")
    return found


def _header(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype, bool]:
    """An array's shape, kind of number and order, once its size is what these say; none of it is unpickled."""
    info = _members(archive)[name]
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{name} is of version {version[0]}.{version[1]} of numpy's format")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, kind = read(file, max_header_size=LONGEST_HEADER)
        start = file.tell()
    if kind.hasobject or kind.kind not in "uifbU":
        raise UserError(
            f"{archive.filename}: {name} holds Python objects or records ({kind.str[:20]}), which are "
            "not read; save it as an array of numbers, all of one shape"
        )
    size = math.prod(shape) * kind.itemsize
    if any(n < 0 for n in shape) or start + size != info.file_size:
        raise ValueError(f"{name} has {info.file_size:,} bytes where its header asks for {start + size:,}")
    if size > LARGEST_FILE:
        raise UserError(
            f"{archive.filename}: {name} has {size:,} bytes, and at most {LARGEST_FILE:,} are read of an array; "
            "make it smaller"
        )
    return tuple(map(int, shape)), kind, fortran


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    shape, kind, fortran = _header(archive, name)
    size = math.prod(shape) * kind.itemsize
    with archive.open(_members(archive)[name]) as file:
        content = file.read()
    return np.frombuffer(content, kind, offset=len(content) - size).reshape(shape, order="F" if fortran else "C")
