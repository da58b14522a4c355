"""Decoded pictures as memory-mapped uint8 arrays: written once, whole or not at all, and opened at once ever after."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vitcore.errors import Refusal

LAYOUT = 1  # part of every key: a later layout leaves these alone
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
    """Takes decoded pictures batch by batch, and makes a cache folder of them when all have come.

    Everything is written to a temporary folder beside the final one, which is then renamed: a reader sees a whole
    cache or none, and two writers at once do no harm.
    """

    def __init__(self, folder: Path, channels: int, side: int) -> None:
        self._final = folder
        self._shape = (channels, side, side)
        self._draft = folder.with_name(f"{folder.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")
        self._draft.mkdir(parents=True)
        self._files: dict[str, BinaryIO] = {split: (self._draft / f"{split}-images.npy").open("wb") for split in SPLITS}
        self._labels: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
        for split in SPLITS:
            self._write_header(split, 0)

    def _write_header(self, split: str, rows: int) -> None:
        # numpy pads this header so that the first axis can grow without moving the data behind it.
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, *self._shape)}
        self._files[split].seek(0)
        np.lib.format.write_array_header_1_0(self._files[split], header)

    def add(self, split: str, images: np.ndarray, labels: np.ndarray) -> None:
        """Append pictures (n, c, y, x) uint8 and labels (n,)."""
        if images.shape[1:] != self._shape or images.dtype != np.uint8 or len(images) != len(labels):
            raise ValueError(f"pictures {images.dtype} {images.shape} and {len(labels)} labels where {self._shape} fit")
        try:
            np.ascontiguousarray(images).tofile(self._files[split])
        except OSError as error:
            raise Refusal(f"the decoded pictures cannot be kept in {self._final.parent}: {error.strerror}") from error
        self._labels[split].append(np.asarray(labels, dtype=np.int64))

    def finish(self, classes: Sequence[str], order: Sequence[int] | None = None) -> Arrays:
        """Close the arrays; `order[i]` is the label that the label i, as it was added, gets (none: the same)."""
        for split in SPLITS:
            labels = np.concatenate([np.zeros(0, np.int64), *self._labels[split]])
            if order is not None and len(labels):
                labels = np.asarray(order, dtype=np.int64)[labels]
            self._write_header(split, len(labels))
            self._files[split].flush()
            os.fsync(self._files[split].fileno())
            self._files[split].close()
            np.save(self._draft / f"{split}-labels.npy", labels)
        (self._draft / "classes.json").write_text(json.dumps(list(classes)), encoding="utf-8")
        try:
            self._draft.rename(self._final)
        except OSError:  # another process finished the same pictures first, or an unreadable cache is in the way
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
        """Leave nothing behind."""
        for file in self._files.values():
            file.close()
        shutil.rmtree(self._draft, ignore_errors=True)
