"""Decoded images as memory-mapped uint8 arrays: written once, whole or not at all, and opened at once ever after."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vitcore.data.storage.inventory import inventory
from vitcore.data.storage.regular import open_regular, read_regular
from vitcore.errors import UserError

LAYOUT = 4  # part of every key: copies of another layout are left alone
SPLITS = ("train", "test")
VALIDATED = ("train", "val", "test")  # where the dataset's own validation split is read apart
CROP = "crop"  # how images that are not square become so where nothing else is asked for
ABOUT = "about.json"
LARGEST_ABOUT, LARGEST_ARRAY = 2**26, 2**42
KINDS = {"images": "|u1", "labels": "<i8", "stamps": "|V8"}  # each split's arrays


@dataclass(frozen=True)
class Arrays:
    """Images (n, c, y, x) uint8 and labels (n,) int64 of each split, the digest of each, and the classes' names."""

    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    digests: dict[str, str]
    classes: tuple[str, ...]


def key(name: str, image_size: int, found: Sequence[Path], resize: str = CROP) -> str:
    """A folder name that changes whenever any of the files that were found does: its path, size or time."""
    digest = hashlib.sha256(f"{LAYOUT} {image_size} {inventory(found)}".encode()).hexdigest()[:16]
    return f"{name}-{image_size}{'' if resize == CROP else f'-{resize}'}-{digest}"


def stamp(content: bytes) -> bytes:
    """Eight bytes that stand for an image as its source has it."""
    return hashlib.blake2b(content, digest_size=8).digest()


def opened(folder: Path) -> Arrays | None:
    """The arrays kept in `folder`, or None where there are none, or not exactly those that were written."""
    try:
        about = json.loads(read_regular(folder / ABOUT, LARGEST_ABOUT))
        if about.pop("seal") != _seal(about):
            return None
        splits = VALIDATED if "val" in about["digests"] else SPLITS
        arrays = {
            (split, kind): _array(folder / _file(split, kind), about["files"][_file(split, kind)], kind)
            for split in splits
            for kind in KINDS
        }
        images, labels, stamps = ({split: arrays[split, kind] for split in splits} for kind in KINDS)
        digests = {split: _digest(stamps[split], labels[split]) for split in splits}
        return Arrays(images, labels, digests, tuple(about["classes"])) if digests == about["digests"] else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _array(path: Path, about: Mapping[str, Any], kind: str) -> np.ndarray:
    """One array as it was written: of this shape, size and time; images stay on the disk until they are looked at.

    Raises:
        ValueError: the file is another, or has been written to since.
    """
    shape = tuple(about["shape"])
    with open_regular(path, LARGEST_ARRAY) as file:
        found, head = os.fstat(file.fileno()), _header(kind, shape)
        size = len(head) + int(np.prod(shape)) * np.dtype(KINDS[kind]).itemsize
        if found.st_size != size or found.st_mtime_ns != about["changed"] or file.read(len(head)) != head:
            raise ValueError(f"{path} is not as it was written")
        if kind == "images":
            # Mode "c" (copy on write): torch takes no read-only array without a warning, and nothing here ever writes.
            return np.memmap(file, KINDS[kind], "c", len(head), shape)
        return np.frombuffer(bytearray(file.read()), KINDS[kind]).reshape(shape)


class Writer:
    """Takes decoded images in any order, and makes a cache folder of them when all have come.

    Everything is written to a temporary folder beside the final one, which is then renamed: a reader sees a whole
    cache or none, and two writers at once do no harm. Plain writes rather than a memory map: a full disk is then an
    error and not a signal.
    """

    def __init__(
        self, folder: Path, channels: int, image_size: int, splits: tuple[str, ...] = SPLITS, resize: str = CROP
    ) -> None:
        self._final, self._shape = folder, (channels, image_size, image_size)
        self.splits = splits  # that the reader is to tell apart
        self.image_size, self.resize = image_size, resize
        self.sizes: Counter[tuple[int, int]] = Counter()  # of the images as they came: (width, height)
        self.modes: Counter[str] = Counter()  # as Pillow calls them
        self.without: frozenset[str] = frozenset()  # names of images to leave out, since they cannot be read
        self.notes: tuple[str, ...] = ()  # what the reader has found, for the notes of runs
        self._draft = folder.with_name(f"{folder.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")
        self._files: dict[str, BinaryIO] = {}
        self._starts: dict[str, int] = {}
        self._labels: dict[str, np.ndarray] = {}
        self._stamps: dict[str, np.ndarray] = {}
        self._pixels: dict[str, np.ndarray] = {}  # stamps of the images as they are kept

    def begin(self, labels: Mapping[str, np.ndarray]) -> None:
        """The labels (n,) of each split, and with them how many images will come.

        Raises:
            UserError: an empty split, or less room on the disk than the images will take.
        """
        for split in self.splits:
            if not len(labels[split]):
                verb = "validate" if split == "val" else split
                raise UserError(f"there are no images to {verb} on; each split needs at least one")
        self._draft.mkdir(parents=True)
        needed = sum(len(of_split) for of_split in labels.values()) * int(np.prod(self._shape))
        free = shutil.disk_usage(self._draft).free
        if needed > free:
            raise UserError(
                f"the decoded images take {needed / 2**30:.1f} GB and {self._final.parent} has {free / 2**30:.1f} GB "
                "free; make room, or choose a smaller image side"
            )
        for split in self.splits:
            file = self._files[split] = (self._draft / _file(split, "images")).open("wb")
            file.write(_header("images", (len(labels[split]), *self._shape)))
            self._starts[split] = file.tell()
            self._labels[split] = np.asarray(labels[split], dtype=np.int64)
            self._stamps[split] = np.zeros(len(labels[split]), dtype=KINDS["stamps"])
            self._pixels[split] = np.zeros(len(labels[split]), dtype=KINDS["stamps"])

    def put(self, split: str, position: int, images: np.ndarray, stamps: Sequence[bytes]) -> None:
        """Images (b c y x) uint8 into the places from `position` on, and the stamp of each one's source.

        Raises:
            ValueError: they are of another size or kind than the arrays, or the stamps are not as many.
            UserError: the disk does not take them.
        """
        if images.shape[1:] != self._shape or images.dtype != np.uint8 or len(stamps) != len(images):
            raise ValueError(f"{len(stamps)} images {images.dtype} {images.shape} where {self._shape} fit")
        try:
            self._files[split].seek(self._starts[split] + position * int(np.prod(self._shape)))
            self._files[split].write(np.ascontiguousarray(images).data)
        except OSError as error:
            raise self._unkept(error) from error
        part = slice(position, position + len(stamps))
        self._stamps[split][part] = np.frombuffer(b"".join(stamps), KINDS["stamps"])
        self._pixels[split][part] = np.frombuffer(b"".join(stamp(image.tobytes()) for image in images), KINDS["stamps"])

    def look(self, width: int, height: int, mode: str, many: int = 1) -> None:
        """So many images came in this size and mode."""
        self.sizes[width, height] += many
        self.modes[mode] += many

    def rows(self, split: str) -> int:
        """How many images the split has."""
        return len(self._labels[split])

    def alike(self, split: str = "test") -> int:
        """How many of the images to test (or validate) on are, byte for byte, among those to train on too."""
        return int(np.isin(self._stamps[split], self._stamps["train"]).sum())

    def alike_pixels(self, split: str = "test") -> int:
        """How many more are so by their pixels as they are kept, under other bytes (saved anew, in another format)."""
        same = np.isin(self._pixels[split], self._pixels["train"]) & ~np.isin(
            self._stamps[split], self._stamps["train"]
        )
        return int(same.sum())

    def finish(self, classes: Sequence[str]) -> Arrays:
        """Close the arrays, put them in place and open them.

        Raises:
            UserError: the disk does not take them, or does not give them back.
        """
        try:
            self._write_rest(classes)
            self._put_in_place()
        except OSError as error:
            raise self._unkept(error) from error
        self.abandon()
        arrays = opened(self._final)
        if arrays is None:
            raise UserError(
                f"the decoded images in {self._final} cannot be read back; remove that folder and try again"
            )
        return arrays

    def abandon(self) -> None:
        """Leave nothing half-written behind."""
        for file in self._files.values():
            with suppress(OSError):  # a full disk is told of when it is written to, and again when it is closed
                file.close()
        shutil.rmtree(self._draft, ignore_errors=True)

    def remove(self) -> None:
        """Take back what `finish` has put in place."""
        shutil.rmtree(self._final, ignore_errors=True)

    def _write_rest(self, classes: Sequence[str]) -> None:
        """Labels, stamps and what tells a whole copy from a spoilt one; all of it durable before it takes its name."""
        now = int(time.time()) // 2 * 2 * 10**9  # whole seconds, and even: as any file system can keep them
        files = {}
        for split in self.splits:
            self._files[split].close()
            rest = {"labels": self._labels[split], "stamps": self._stamps[split]}
            for kind, array in rest.items():
                (self._draft / _file(split, kind)).write_bytes(_header(kind, array.shape) + array.tobytes())
            shapes = {"images": (len(self._labels[split]), *self._shape)} | {k: a.shape for k, a in rest.items()}
            for kind, shape in shapes.items():
                _make_durable(self._draft / _file(split, kind), now)
                files[_file(split, kind)] = {"shape": list(shape), "changed": now}
        digests = {split: _digest(self._stamps[split], self._labels[split]) for split in self.splits}
        about = {"classes": list(classes), "digests": digests, "files": files}
        (self._draft / ABOUT).write_text(json.dumps({**about, "seal": _seal(about)}), encoding="utf-8")
        _make_durable(self._draft / ABOUT, now)

    def _put_in_place(self) -> None:
        try:
            self._draft.rename(self._final)
        except OSError:  # another process finished the same images first, or an unreadable copy is in the way
            if opened(self._final) is None:
                if self._final.is_dir() and not self._final.is_symlink():
                    shutil.rmtree(self._final)
                else:
                    self._final.unlink()
                self._draft.rename(self._final)

    def _unkept(self, error: OSError) -> UserError:
        return UserError(f"the decoded images cannot be kept in {self._final.parent}: {error.strerror or error}")


def _file(split: str, kind: str) -> str:
    return f"{split}-{kind}.npy"


def _header(kind: str, shape: Sequence[int]) -> bytes:
    """What stands before an array of this kind and shape in numpy's own format."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": KINDS[kind], "fortran_order": False, "shape": tuple(map(int, shape))}
    )
    return head.getvalue()


def _digest(stamps: np.ndarray, labels: np.ndarray) -> str:
    """What changes when an image of a split is another, or has another label or place."""
    return hashlib.sha256(stamps.tobytes() + labels.astype("<i8").tobytes()).hexdigest()[:16]


def _seal(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _make_durable(path: Path, changed: int) -> None:
    os.utime(path, ns=(changed, changed))
    with path.open("rb+") as file:
        os.fsync(file.fileno())
