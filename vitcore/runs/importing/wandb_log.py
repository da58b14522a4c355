"""W&B's offline file (run-….wandb): blocks of LevelDB's log, whose records are protobuf messages; read without wandb.

History, configuration, name and end are taken; console output, system statistics and files are passed over.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from vitcore import untrusted
from vitcore.data.storage.regular import open_regular
from vitcore.runs.importing import protobuf
from vitcore.runs.importing.foreign import ForeignRun, Found, moment
from vitcore.runs.importing.protobuf import Damaged

ORIGIN = "imported from W&B"
SUFFIX = ".wandb"
LARGEST = 4 << 30
HEAD = b":W&B\xe1\xbe\x00"  # its name, a magic number, the version of the format
_BLOCK, _RECORD = 32_768, struct.Struct("<IHB")  # checksum, length, kind: whole, first, middle or last part
_WHOLE, _BEGIN, _MIDDLE, _END = 1, 2, 3, 4
_LONGEST = 4 << 20  # bytes of a record that is looked into
_MOST_RECORDS = 5_000_000
_DEEPEST = 4  # of settings within settings


def read(path: Path) -> Found:
    """The run of a file, with sentences about what of it cannot be read.

    Raises:
        UserError: it is no file, or larger than any is read.
    """
    run = ForeignRun(ORIGIN, "", path.stem.removeprefix("run-"), status="interrupted")
    run.reason = "Imported from W&B, whose file does not tell how it ended."
    found = Found()
    try:
        with open_regular(path, LARGEST) as file:
            for record in _records(file):
                if not _take(record, run):
                    found.sentences.append(f"{path.name} has more values than are read of one run.")
                    break
    except OSError as error:
        found.sentences.append(f"{path.name} cannot be read: {error.strerror or error}.")
    except Damaged as damaged:
        found.sentences.append(f"{path.name}: {damaged}; what stands before that was read.")
    run.source = run.source or f"wandb:{path.stem[:80]}"
    run.ended = max(run.times.values(), default=None)
    if run.metrics or run.parameters:
        found.runs.append(run)
    elif not found.sentences:
        found.sentences.append(f"{path.name} holds no history; there is nothing of it to import.")
    return found


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Each record, put together where it lies in several blocks.

    Raises:
        Damaged: it is none of W&B's, or a checksum is wrong.
    """
    if file.read(len(HEAD)) != HEAD:
        raise Damaged("it is no file of W&B's that is known here")
    place, parts, length = len(HEAD), list[bytes](), 0
    for _ in range(_MOST_RECORDS):
        if _BLOCK - place % _BLOCK < _RECORD.size:  # what is left of a block is padding
            rest = _BLOCK - place % _BLOCK
            file.read(rest)
            place += rest
        head = file.read(_RECORD.size)
        if not head:
            return
        if len(head) < _RECORD.size:
            raise Damaged("its last record is cut off")
        check, size, kind = _RECORD.unpack(head)
        data = file.read(size)
        if len(data) < size:
            raise Damaged("its last record is cut off")
        if zlib.crc32(data, zlib.crc32(head[6:])) != check or kind not in (_WHOLE, _BEGIN, _MIDDLE, _END):
            raise Damaged(f"it is damaged at byte {place:,}")
        place += _RECORD.size + size
        if kind in (_WHOLE, _BEGIN):
            parts, length = [], 0
        length += size
        if size and length <= _LONGEST:
            parts.append(data)
        if kind in (_WHOLE, _END) and 0 < length <= _LONGEST:
            yield b"".join(parts)
    raise Damaged(f"it has more than {_MOST_RECORDS:,} records")


def _take(record: bytes, run: ForeignRun) -> bool:
    """What a record says of the run; False where it has too many values."""
    for number, _, value in protobuf.fields(record):
        if not isinstance(value, bytes):
            continue
        if number == 2 and not _history(value, run):
            return False
        if number == 5:
            _settings(value, run)
        elif number == 17:
            _about(value, run)
        elif number == 18:
            code = next((protobuf.signed(each) for n, _, each in protobuf.fields(value) if n == 1), 0)
            run.status = "finished" if code == 0 else "failed"
            run.reason = f"Imported from W&B, where it ended with exit code {code}."
    return True


def _history(data: bytes, run: ForeignRun) -> bool:
    values: dict[str, float] = {}
    step = None
    for number, _, value in protobuf.fields(data):
        if number == 1 and isinstance(value, bytes):
            name, found = _item(value)
            plain = untrusted.number({"NaN": float("nan")}.get(found, found) if isinstance(found, str) else found)
            if plain is not None:
                values[name] = plain
        elif number == 2 and isinstance(value, bytes):
            step = next((protobuf.signed(each) for n, _, each in protobuf.fields(value) if n == 1), 0)
    if step is None:
        step = int(values["_step"]) if 0 <= values.get("_step", -1) < 2**53 else len(run.times)
    at = moment(values.get("_timestamp"))
    return all(run.tell(name, step, value, at) for name, value in values.items() if not name.startswith("_"))


def _settings(data: bytes, run: ForeignRun) -> None:
    for number, _, value in protobuf.fields(data):
        if number == 1 and isinstance(value, bytes):
            name, found = _item(value)
            if not name.startswith("_"):  # W&B's own
                run.parameters.update(_flat(name, found))


def _about(data: bytes, run: ForeignRun) -> None:
    id = ""
    for number, _, value in protobuf.fields(data):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            id = protobuf.text(value)[:80]
        elif number == 8:
            run.name = protobuf.text(value) or run.name
        elif number == 4:
            _settings(value, run)
        elif number == 17:
            run.started = moment(next((protobuf.signed(each) for n, _, each in protobuf.fields(value) if n == 1), 0))
    if id:
        run.source = f"wandb:{id}:{run.started or 0:.0f}"


def _item(data: bytes) -> tuple[str, Any]:
    """A name, as one word where it is nested, and its value from JSON; None where that is none."""
    name, nested, found = "", list[str](), None
    for number, _, value in protobuf.fields(data):
        if number == 1:
            name = protobuf.text(value)
        elif number == 2:
            nested.append(protobuf.text(value))
        elif number == 16 and isinstance(value, bytes):
            try:
                found = json.loads(value)
            except (ValueError, RecursionError):
                found = None
    return (name or ".".join(nested))[:200], found


def _flat(name: str, value: Any, depth: int = 0) -> dict[str, Any]:
    """Settings within settings by names with dots."""
    if isinstance(value, dict) and depth < _DEEPEST:
        found: dict[str, Any] = {}
        for key, inner in list(value.items())[:1_000]:
            found |= _flat(f"{name}.{key}", inner, depth + 1)
        return found
    return {name[:200]: value}
