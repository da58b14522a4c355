"""Runs as TensorBoard's event files: a folder a run, a scalar a metric by epoch, its settings as a text."""

from __future__ import annotations

import math
import os
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path

from vitcore.errors import UserError
from vitcore.runs.exporting.exported import Exported
from vitcore.runs.folder import reason, slug
from vitcore.runs.importing.tensorboard import masked

_STRING = 7  # DT_STRING of TensorFlow's types


def write(run: Exported, into: Path) -> Path:
    """Writes a run's event file below a folder; one that was written before is replaced. Its path.

    Raises:
        UserError: the folder cannot be written.
    """
    place = into / f"{slug(run.title) or 'run'}-{run.id[-4:]}"
    path = place / f"events.out.tfevents.{int(run.started or 0)}.{run.id}"
    draft = place / f".{path.name}.{secrets.token_hex(4)}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            for event in _events(run):
                file.write(_record(event))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {reason(error)}") from None
    finally:
        draft.unlink(missing_ok=True)
    return path


def _events(run: Exported) -> Iterator[bytes]:
    begun = run.started or 0.0
    yield _event(begun, 0, _bytes(3, b"brain.Event:2"))
    yield _event(begun, 0, _bytes(5, _text("settings", _table(run))))
    for epoch, (at, metrics) in run.epochs.items():
        values = b"".join(
            _bytes(1, _bytes(1, name.encode()) + b"\x15" + _float(value)) for name, value in metrics.items()
        )
        yield _event(begun if at is None else at, epoch, _bytes(5, values))


def _event(at: float, step: int, content: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", at) + b"\x10" + _varint(step) + content


def _text(tag: str, text: str) -> bytes:
    """A summary of one text, which TensorBoard shows as Markdown."""
    tensor = b"\x08" + _varint(_STRING) + _bytes(2, b"") + _bytes(8, text.encode("utf-8", "replace"))
    about = _bytes(1, _bytes(1, b"text"))
    return _bytes(1, _bytes(1, f"{tag}/text_summary".encode()) + _bytes(9, about) + _bytes(8, tensor))


def _table(run: Exported) -> str:
    rows = {"run": run.id, "status": run.status, **({"origin": run.origin} if run.origin else {}), **run.settings}
    lines = [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows.items()]
    return "\n".join(["| setting | value |", "|---|---|", *lines])


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _record(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked(head)) + data + struct.pack("<I", masked(data))


def _bytes(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _float(value: float) -> bytes:
    """In four bytes; what is larger than any of those is infinite."""
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", math.copysign(math.inf, value))


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
