"""Decoded pictures as memory-mapped uint8 arrays: written once, whole or not at all, and opened at once ever after."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vitcore.errors import Refusal

LAYOUT = 3  # part of every key: copies of another layout are left alone
SPLITS = ("train", "test")


@dataclass(frozen=True)
class Arrays:
    """Pictures (n, c, y, x) uint8 and labels (n,) int64 of both splits, and the classes' names."""

    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    classes: tuple[str, ...]


def key(name: str, side: int, found: Sequence[Path]) -> str:
    """A folder name that changes whenever the files that were found do: their paths, sizes and times."""
    seen = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in found]
    digest = hashlib.sha256(json.dumps([LAYOUT, side, seen]).encode()).hexdigest()[:16]
    return f"{name}-{side}-{digest}"


def opened(folder: Path) -> Arrays | None:
    """The arrays kept in `folder`, or None where there are none that can be read."""
    try:
        classes = tuple(json.loads((folder / "classes.json").read_text(encoding="utf-8")))
        # Mode "c" (copy on write): torch takes no read-only array without a warning, and nothing here ever writes.
        images = {split: np.load(folder / f"{split}-images.npy", mmap_mode="c") for split in SPLITS}
        labels = {split: np.load(folder / f"{split}-labels.npy") for split in SPLITS}
    except (OSError, ValueError):
        return None
    if any(len(images[split]) != len(labels[split]) for split in SPLITS):
        return None
    return Arrays(images, labels, classes)


class Writer:
    """Takes decoded pictures in any order, and makes a cache folder of them when all have come.

    Everything is written to a temporary folder beside the final one, which is then renamed: a reader sees a whole
    cache or none, and two writers at once do no harm. Plain writes rather than a memory map: a full disk is then an
    error and not a signal.
    """

    def __init__(self, folder: Path, channels: int, side: int) -> None:
        self._final, self._shape = folder, (channels, side, side)
        self.without: frozenset[str] = frozenset()  # names of images to leave out, since they cannot be read
        self.told: tuple[str, ...] = ()  # what the reader has found, for the notes of runs
        self._draft = folder.with_name(f"{folder.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")
        self._files: dict[str, BinaryIO] = {}
        self._starts: dict[str, int] = {}
        self._labels: dict[str, np.ndarray] = {}

    def begin(self, labels: Mapping[str, np.ndarray]) -> None:
        """The labels (n,) of each split, and with them how many pictures will come.

        Raises:
            Refusal: an empty split, or less room on the disk than the pictures will take.
        """
        for split in SPLITS:
            if not len(labels[split]):
                raise Refusal(f"there are no pictures to {split} on; each split needs at least one")
        self._draft.mkdir(parents=True)
        needed = sum(len(of_split) for of_split in labels.values()) * int(np.prod(self._shape))
        free = shutil.disk_usage(self._draft).free
        if needed > free:
            raise Refusal(
                f"the decoded pictures take {needed / 2**30:.1f} GB and {self._final.parent} has {free / 2**30:.1f} GB "
                "free; make room, or choose a smaller picture side"
            )
        for split in SPLITS:
            file = self._files[split] = (self._draft / f"{split}-images.npy").open("wb")
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(labels[split]), *self._shape)}
            np.lib.format.write_array_header_1_0(file, header)
            self._starts[split] = file.tell()
            self._labels[split] = np.asarray(labels[split], dtype=np.int64)

    def put(self, split: str, position: int, images: np.ndarray) -> None:
        """Pictures (n, c, y, x) uint8 into the places from `position` on."""
        if images.shape[1:] != self._shape or images.dtype != np.uint8:
            raise ValueError(f"pictures {images.dtype} {images.shape} where {self._shape} fit")
        try:
            self._files[split].seek(self._starts[split] + position * int(np.prod(self._shape)))
            self._files[split].write(np.ascontiguousarray(images).data)
        except OSError as error:
            raise Refusal(f"the decoded pictures cannot be kept in {self._final.parent}: {error.strerror}") from error

    def finish(self, classes: Sequence[str]) -> Arrays:
        """Close the arrays, put them in place and open them."""
        try:
            for split in SPLITS:
                self._files[split].flush()
                os.fsync(self._files[split].fileno())
                self._files[split].close()
                np.save(self._draft / f"{split}-labels.npy", self._labels[split])
            (self._draft / "classes.json").write_text(json.dumps(list(classes)), encoding="utf-8")
        except OSError as error:
            raise Refusal(f"the decoded pictures cannot be kept in {self._final.parent}: {error.strerror}") from error
        try:
            self._draft.rename(self._final)
        except OSError:  # another process finished the same pictures first, or an unreadable copy is in the way
            if opened(self._final) is None:
                shutil.rmtree(self._final, ignore_errors=True)
                self._draft.rename(self._final)
        self.abandon()
        arrays = opened(self._final)
        if arrays is None:
            raise Refusal(
                f"the decoded pictures in {self._final} cannot be read back; remove that folder and try again"
            )
        return arrays

    def abandon(self) -> None:
        """Leave nothing half-written behind."""
        for file in self._files.values():
            file.close()
        shutil.rmtree(self._draft, ignore_errors=True)
