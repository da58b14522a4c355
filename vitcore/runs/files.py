"""A run's own files, which somebody else may have written: only regular ones, of a fair size, that lie with the runs.

A link is followed where it stays with its neighbors (a run's file in another run's folder), never out of there: a
results folder that was sent must neither show this machine's files nor have a worker write into them.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from vitcore import aliases
from vitcore.data.storage.regular import open_regular, own_place, read_regular
from vitcore.errors import UserError

SMALL = 4 << 20  # bytes of a small JSON file; ten thousand runs' ids in an order take a tenth of it
LIMITS = {
    "events.jsonl": 64 << 20,
    "steps.jsonl": 64 << 20,
    "confusion.jsonl": 512 << 20,
    "predictions.bin": 512 << 20,
    "unscored-predictions.bin": 512 << 20,
    "val-confusion.jsonl": 512 << 20,
    "val-predictions.bin": 512 << 20,
    "worker.log": 64 << 30,  # only its end is ever read
    "model.safetensors": 64 << 30,  # read by the page of memory
    "resume.pt": 64 << 30,
    "labels.jsonl": 16 << 20,
}
IMAGE = 4 << 20  # of a kept drawing, which has at most 512 pixels a side
JOURNAL = 16 << 20  # of any other journal
WEIGHTS = 64 << 30  # the best ones, those that another set is to replace, and ONNX
EVALUATIONS = {  # arrays that are read whole, and without which a run is whole
    "outputs.safetensors": 1 << 30,  # logits: 100,000 images of 1,000 classes are 400 MB
    "representations.safetensors": 64 << 20,
}


class Unwritten(OSError):
    """What the system said as bytes were to be written, and how many there were."""

    def __init__(self, error: OSError, needed: int) -> None:
        super().__init__(error.errno, error.strerror or str(error))
        self.needed = needed


def limit(path: Path) -> int:
    """How many bytes of a file of this name are read at most."""
    known = {".jsonl": JOURNAL, ".png": IMAGE, ".safetensors": WEIGHTS, ".onnx": WEIGHTS}
    return (LIMITS | EVALUATIONS).get(path.name, known.get(path.suffix, SMALL))


def open_own(path: Path) -> BinaryIO:
    """A file that lies with the runs, open for reading.

    Raises:
        OSError: it is not there, or may not be read.
        UserError: it is no regular file, larger than its kind may be, or a link that leads elsewhere.
    """
    return open_regular(own_place(path), limit(path))


def read_own(path: Path) -> bytes:
    """The whole of such a file; raises as `open_own` does."""
    return read_regular(own_place(path), limit(path))


def write_own(path: Path, flags: int) -> int:
    """A descriptor of a file of one's own to write to, made where it is absent; `flags` as os.open takes them.

    Raises:
        OSError: it cannot be written, is no regular file, or is a link that leads elsewhere.
    """
    try:
        real = own_place(path)
    except UserError as error:
        raise OSError(str(error)) from None
    number = os.open(real, flags | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0), 0o666)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(f"{path.name} is no regular file; take it away")
    return number


def trouble(folder: Path) -> str | None:
    """What is wrong with a run's files, the first of them in a sentence; None where all can be read."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        return f"its folder cannot be read: {error.strerror or error}"
    for name in names:
        if name in LIMITS or name in _SMALL_ONES:
            try:
                open_own(folder / name).close()
            except FileNotFoundError:
                if (folder / name).is_symlink():
                    return f"{name} is a link to nothing; take it away"
            except OSError as error:
                return f"{name} cannot be read: {error.strerror or error}"
            except UserError as user_error:
                return str(user_error).replace(f"{folder / name}", name, 1)
    return None


_SMALL_ONES = frozenset(
    {
        "spec.json",
        "annotations.json",
        "drawings.json",
        "expected.json",
        "placed.json",
        "queued.json",
        aliases.QUEUE_ENTRY,
        "request",
    }
)
