"""Append-only JSON lines, one writer a file: the truth about a run, readable after any accident."""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vitcore import events
from vitcore.errors import UserError
from vitcore.runs.files import Unwritten, open_own, read_own, write_own
from vitcore.runs.folder import FORMAT

_FLUSH_SECONDS = 0.5
_TAIL_BYTES = 1 << 16
MOST_LINES = 1_000_000  # of a journal; a week of training tells its progress a tenth as often
_decode = json.JSONDecoder().decode
LONGEST_LINE = 4 << 20  # bytes; the names of 20,000 classes take half of it


class Journal:
    """The one writer of a journal. Each line is given its format `v`, its number `seq` and its time `at`.

    A line is written by one call and, unless it is buffered, is on the disk when `append` returns. A torn last line
    left by a killed writer is closed off, so that what follows stands on lines of its own.

    Args:
        path: the file, made if it is absent.
        buffered: keep lines back for up to half a second; for the many small lines of steps.
    """

    def __init__(self, path: Path, *, buffered: bool = False) -> None:
        self._buffered = buffered
        self._lines: list[bytes] = []
        self._flushed = time.monotonic()
        self._lock = threading.Lock()
        self._file = write_own(path, os.O_RDWR | os.O_APPEND)
        try:
            self._seq, torn = _last(path)
        except BaseException as error:
            os.close(self._file)
            if isinstance(error, UserError):
                raise OSError(str(error)) from None
            raise
        if torn:
            self._write(b"\n", durable=False)

    def append(self, line: events.Line | dict[str, Any], *, durable: bool = True, at: float | None = None) -> None:
        """Adds one line; `durable` makes it outlast a power cut, not only the process; `at`: unix seconds, if not now.

        Raises:
            OSError: the disk is full or gone; the journal is then as it was before.
        """
        content = line.written() if isinstance(line, events.Line) else line
        with self._lock:
            now = round(time.time() if at is None else at, 3)
            stamped = {"v": FORMAT, "seq": self._seq, "at": now, **plain(content)}
            text = json.dumps(stamped, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            if self._buffered:
                self._lines.append(text)
                if time.monotonic() - self._flushed >= _FLUSH_SECONDS:
                    self._flush()
            else:
                self._write(text, durable)
            self._seq += 1

    def flush(self) -> None:
        """Writes what is kept back."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """Write what is still held and let the file go; nothing where that was done already."""
        with self._lock:
            if self._file >= 0:
                try:
                    self._flush()
                finally:
                    os.close(self._file)
                    self._file = -1

    def _flush(self) -> None:
        lines, self._lines, self._flushed = self._lines, [], time.monotonic()
        if lines:
            self._write(b"".join(lines), durable=False)

    def _write(self, text: bytes, durable: bool) -> None:
        before = os.fstat(self._file).st_size
        try:
            written = 0
            while written < len(text):
                written += os.write(self._file, text[written:])
            if durable:
                os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, before)  # a full disk leaves no half line behind
            raise Unwritten(error, len(text)) from error


def read(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The whole lines from a byte offset on, and the offset after them; raises and skips as `stream` does."""
    lines, end = stream(path, offset)
    return list(lines), end


def stream(path: Path, offset: int = 0) -> tuple[Iterator[dict[str, Any]], int]:
    """The whole lines from a byte offset on, each parsed when it is asked for, and the offset after them.

    What was written to fill the memory costs a reader who keeps little of each line no more than the file's own bytes.
    A torn last line is left for the next call; a line that is no JSON object is skipped; an absent file is empty. An
    offset beyond the end, as when the file has been replaced by a shorter one, starts again at the beginning.

    Raises:
        OSError: it may not be read.
        UserError: it is no regular file, larger or of more lines than a journal may be, or a link that leads elsewhere.
    """
    try:
        with open_own(path) as file:
            if offset and offset > os.fstat(file.fileno()).st_size:
                offset = 0
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return iter(()), 0
    count = data.count(b"\n")
    if count > MOST_LINES:
        raise UserError(f"{path} has {count:,} lines, and at most {MOST_LINES:,} are read of a journal")
    return _parsed(data), offset + data.rfind(b"\n") + 1


def _parsed(data: bytes) -> Iterator[dict[str, Any]]:
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        found = parse(data[start:end]) if end - start <= LONGEST_LINE else None
        if found is not None:
            yield found
        start = end + 1


def parse(line: bytes) -> dict[str, Any] | None:
    """One journal line, or None where it is not a JSON object."""
    if not line.startswith(b"{"):
        return None
    try:
        found = _decode(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _last(path: Path) -> tuple[int, bool]:
    """The next line's number, and whether the file ends in the middle of a line."""
    data = read_own(path) if path.stat().st_size <= _TAIL_BYTES else _tail(path)
    whole = data[: data.rfind(b"\n") + 1]
    for line in reversed(whole.split(b"\n")):
        found = parse(line)
        if found is not None and isinstance(found.get("seq"), int):
            return found["seq"] + 1, len(whole) < len(data)
    if path.stat().st_size > len(data):  # one line longer than the tail
        lines, _ = read(path)
        return max((line["seq"] + 1 for line in lines if isinstance(line.get("seq"), int)), default=0), len(
            whole
        ) < len(data)
    return 0, len(whole) < len(data)


def _tail(path: Path) -> bytes:
    with open_own(path) as file:
        file.seek(-_TAIL_BYTES, os.SEEK_END)
        return file.read()


def plain(value: Any) -> Any:
    """Plain JSON data with floats of eight digits; numpy's and torch's scalars become Python's."""
    if isinstance(value, float):
        return float(f"{value:.8g}") if math.isfinite(value) else value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return value if value and all(type(item) is int for item in value) else [plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    return plain(value.item())
