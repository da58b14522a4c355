"""TensorBoard's event files: scalars alone, as plain values or as tensors; histograms and images are passed over.

A file is a chain of records: length, its checksum, data, their checksum (CRC-32C, masked). A length counts only where
its checksum is right and so much is left of the file; data are read up to a size, and only scalars are looked into.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vitcore.data.storage.regular import open_regular
from vitcore.runs.importing import protobuf
from vitcore.runs.importing.foreign import ForeignRun, Found, digest, listed, moment
from vitcore.runs.importing.protobuf import Damaged

ORIGIN = "imported from TensorBoard"
LARGEST_FILE = 4 << 30
MOST_RECORDS = 5_000_000
_SCALARS = 1 << 16  # bytes of a record that may hold scalars; what is larger holds images, graphs or histograms
_HEAD = struct.Struct("<QI")
_HALVES = ("train", "validation", "val", "test", "eval")
"""Folders into which Keras and others write the parts of one run."""


def is_events(name: str) -> bool:
    """Whether a file's name is that of an event file."""
    return "tfevents" in name


def read(files: list[Path], root: Path) -> Found:
    """The runs of these event files, one a folder; train/ and validation/ beside one another are halves of one.

    Raises:
        UserError: a file is none that can be opened, or too large.
    """
    folders: dict[Path, list[Path]] = {}
    for file in sorted(files):
        folders.setdefault(file.parent, []).append(file)
    together: dict[Path, dict[str, list[Path]]] = {}
    for folder, own in folders.items():
        half = folder.name.lower() if folder.name.lower() in _HALVES and folder != root else ""
        together.setdefault(folder.parent if half else folder, {})[half] = own
    found = Found()
    for folder, halves in together.items():
        run = ForeignRun(ORIGIN, "", folder.name if folder != root else root.name)
        for half, own in halves.items():
            for file in own:
                found.sentences += [f"{file.name}: {sentence}" for sentence in _read_file(file, run, half)]
        run.reason = "Imported from TensorBoard, whose files do not tell how a run ended."
        if run.metrics:
            run.started = min(run.times.values(), default=None)
            run.ended = max(run.times.values(), default=None)
            found.runs.append(run)
        else:
            found.sentences.append(f"{listed([run.name])} holds no scalars; there is nothing of it to import.")
    return found


def _read_file(path: Path, run: ForeignRun, half: str) -> list[str]:
    """Takes a file's scalars into the run; sentences about what is wrong with it."""
    try:
        with open_regular(path, LARGEST_FILE) as file:
            for number, data in enumerate(_records(file)):
                if number == 0:
                    run.source = run.source or f"tensorboard:{digest([path.name, data.hex()])}"
                if not _take(data, run, half):
                    return ["it has more scalars than are read of one run; the rest is left out."]
    except OSError as error:
        return [f"it cannot be read: {error.strerror or error}."]
    except Damaged as damaged:
        return [f"{damaged}; what stands before that was read."]
    return []


def _records(file: BinaryIO) -> Iterator[bytes]:
    """The data of each record that may hold scalars, the first of all among them.

    Raises:
        Damaged: a checksum is wrong, or a length leads beyond the file.
    """
    size, place = os.fstat(file.fileno()).st_size, 0
    for number in range(MOST_RECORDS):
        head = file.read(_HEAD.size)
        if not head:
            return
        if len(head) < _HEAD.size:
            raise Damaged("its last record is cut off")
        length, check = _HEAD.unpack(head)
        if masked(head[:8]) != check:
            raise Damaged(f"it is damaged at byte {place:,}" if number else "it is no event file")
        place += _HEAD.size + length + 4
        if place > size:  # torn by a killed writer, or forged
            raise Damaged(f"its last record, of {length:,} bytes, is cut off")
        if length > _SCALARS:
            file.seek(place)
            continue
        data = file.read(length)
        if masked(data) != int.from_bytes(file.read(4), "little"):
            raise Damaged(f"it is damaged at byte {place - length - 4:,}")
        yield data
    raise Damaged(f"it has more than {MOST_RECORDS:,} records")


def _take(data: bytes, run: ForeignRun, half: str) -> bool:
    """The scalars of an event; False where the run has too many."""
    step, at, summaries = 0, None, []
    for number, kind, value in protobuf.fields(data):
        if number == 1:
            at = moment(protobuf.real(kind, value))
        elif number == 2:
            step = protobuf.signed(value)
        elif number == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, _, value in protobuf.fields(summary):
            if number == 1 and isinstance(value, bytes):
                name, scalar = _scalar(value)
                if scalar is not None and 0 <= step < 2**53:
                    name = f"{half}/{name}" if half else name
                    if not run.tell(name, step, scalar, at):
                        return False
    return True


def _scalar(data: bytes) -> tuple[str, float | None]:
    """A value's tag, and the number that it is; None: it is an image, a text or a histogram."""
    name, found = "", None
    for number, kind, value in protobuf.fields(data):
        if number == 1:
            name = protobuf.text(value)[:200]
        elif number == 2:
            found = protobuf.real(kind, value)
        elif number == 8 and isinstance(value, bytes):
            found = _tensor(value)
    return name, found


def _tensor(data: bytes) -> float | None:
    """The one float or double of a tensor; None where it holds another number of them, or something else."""
    dtype, found = 0, list[float]()
    for number, kind, value in protobuf.fields(data):
        if number == 1 and isinstance(value, int):
            dtype = value
        elif number in (4, 5, 6) and isinstance(value, bytes) and len(value) in (4, 8):
            form = {1: "<f", 2: "<d"}.get(dtype, "")
            if form and struct.calcsize(form) == len(value):
                found.append(float(struct.unpack(form, value)[0]))
            elif kind == protobuf.FIXED32:
                found.append(math.nan)
    return found[0] if len(found) == 1 else None


def _table() -> tuple[int, ...]:
    """CRC-32C of each byte (Castagnoli's polynomial, reflected)."""
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        found.append(byte)
    return tuple(found)


_TABLE = _table()


def masked(data: bytes) -> int:
    """The checksum of a record as TFRecord files have it."""
    check = 0xFFFFFFFF
    for byte in data:
        check = _TABLE[(check ^ byte) & 0xFF] ^ check >> 8
    check ^= 0xFFFFFFFF
    return ((check >> 15 | check << 17) + 0xA282EAD8) & 0xFFFFFFFF
