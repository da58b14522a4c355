"""What a run's folder on another machine has gained, in pieces that make the folder here the same; no engine in it.

At every moment the folder here is one that a worker could have left behind: journals lead and checkpoints follow, of
which each comes whole, the best weights beside the resume file that tells of them. The line that ends a run comes last.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Literal, NamedTuple

from vitcore import events
from vitcore.runs.files import open_own
from vitcore.runs.folder import RunFolder

JOURNALS = ("steps.jsonl", "confusion.jsonl", "val-confusion.jsonl", "events.jsonl")  # each grows by whole lines
PREDICTIONS = ("predictions.bin", "val-predictions.bin")  # written to in their midst where an epoch is told again
LOG = "worker.log"
BEST, NEXT, RESUME = "best.safetensors", "best.next.safetensors", "resume.pt"
WHOLE = ("model.safetensors", BEST, RESUME)  # put in place whole; in the order in which a checkpoint is written
BLOCK = 1 << 18  # bytes of predictions that are compared, and sent, at once
MOST = 16 << 20  # bytes of one answer, about

Identity = tuple[int, int, int]


class Piece(NamedTuple):
    """A step towards the same folder.

    Attributes:
        how: "append" to the file; write "at" an offset of it, which is then `size` bytes long; a "part" of a file that
            takes its place once it is `size` bytes long; "settle": the better weights, laid ready, are the best; the
            file is "gone".
    """

    how: Literal["append", "at", "part", "settle", "gone"]
    name: str
    data: bytes = b""
    offset: int = 0
    size: int = 0


class Mirror:
    """Looks at a run's folder, whose files as they are now the other side has."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._sent = {name: self._length(name) for name in JOURNALS} | {LOG: 0}
        self._blocks = {name: [zlib.crc32(block) for block in self._read_blocks(name)] for name in PREDICTIONS}
        self._looked = {name: self._identity(name) for name in PREDICTIONS}
        self._placed = {name: self._identity(name) for name in WHOLE}
        self._removable = {name for name in (BEST, NEXT) if self._identity(name)}  # that a worker may withdraw
        self._under_way: list[tuple[str, BinaryIO, int]] = []  # files of one checkpoint, as what, and bytes of each
        self._behind = False  # more has been written of a journal than one answer holds

    def take(self, *, over: bool = False) -> list[Piece]:
        """What has come since the last time, so much of it as one answer holds; none: the two are the same.

        Args:
            over: whether the worker has ended, and nothing more will be written.
        """
        if not self._under_way:
            self._open_checkpoint(over=over)
        self._behind = False
        pieces = [*self._grown(over=over), *self._answered()]  # read after the checkpoint was opened: they lead
        if not self._behind:
            pieces += self._parts() if self._under_way else self._withdrawn()
        return pieces

    def close(self) -> None:
        """Lets go of what is still open."""
        for _, file, _ in self._under_way:
            file.close()
        self._under_way = []

    def _grown(self, *, over: bool) -> Iterator[Piece]:
        for name in (LOG, *JOURNALS):
            data = self._read_on(name)
            if name in JOURNALS:
                data = data[: data.rfind(b"\n") + 1]
            if name == "events.jsonl":
                data = self._without_end(data, over=over)
            if data:
                self._sent[name] += len(data)
                yield Piece("append", name, data)

    def _read_on(self, name: str) -> bytes:
        """What has been added, or as much of it as one answer holds."""
        try:
            with open_own(self.folder.path / name) as file:
                size = os.fstat(file.fileno()).st_size
                self._sent[name] = min(self._sent[name], size)  # a full disk there took back what it had half written
                file.seek(self._sent[name])
                self._behind |= size - self._sent[name] > MOST
                return file.read(MOST)
        except OSError:  # not there yet
            return b""

    def _without_end(self, data: bytes, *, over: bool) -> bytes:
        """The lines before the one that ends the run, until the checkpoint is there that it speaks of."""
        found = data.find(f'"event":"{events.Ended.event}"'.encode())
        if found < 0 or not (self._under_way or self._is_pending(over=over)):
            return data
        return data[: data.rfind(b"\n", 0, found) + 1]

    def _answered(self) -> Iterator[Piece]:
        """The blocks of predictions that are others than before."""
        for name in PREDICTIONS:
            identity = self._identity(name)
            if identity == self._looked[name]:
                continue
            self._looked[name], known = identity, self._blocks[name]
            found = [*self._read_blocks(name)]
            sums = [zlib.crc32(block) for block in found]
            size = sum(map(len, found))
            for place, block in enumerate(found):
                if known[place : place + 1] != [sums[place]]:
                    yield Piece("at", name, block, place * BLOCK, size)
            self._blocks[name] = sums

    def _is_pending(self, *, over: bool) -> bool:
        """Whether there is another checkpoint than the other side has, or one is being written.

        One that a worker was killed over is passed by: that before it stands.
        """
        if (self.folder.path / NEXT).exists():
            return not over
        return any(self._identity(name) not in (self._placed[name], None) for name in WHOLE)

    def _open_checkpoint(self, *, over: bool) -> None:
        """Opens what is new of a checkpoint, where all its files are of one moment; else another look will.

        Between the resume file and the best weights that it tells of, these lie ready under another name.
        """
        if (self.folder.path / NEXT).exists() or not self._is_pending(over=over):
            return
        opened: dict[str, BinaryIO] = {}
        for name in WHOLE:
            with suppress(OSError):
                opened[name] = open_own(self.folder.path / name)
        known = {name: _identity(os.fstat(file.fileno())) for name, file in opened.items()}
        whole = not (self.folder.path / NEXT).exists() and all(
            self._identity(name) == known.get(name) for name in WHOLE
        )
        for name, file in opened.items():
            if whole and known[name] != self._placed[name]:
                self._placed[name] = known[name]
                self._under_way.append((NEXT if name == BEST else name, file, os.fstat(file.fileno()).st_size))
            else:
                file.close()

    def _withdrawn(self) -> Iterator[Piece]:
        """Weights of an attempt that was given up, which its successor has removed."""
        for name in sorted(self._removable):
            if self._identity(name) is None:
                self._removable.discard(name)
                self._placed[name] = None
                yield Piece("gone", name)

    def _parts(self) -> Iterator[Piece]:
        """The next of the checkpoint; the best weights are settled after the resume file."""
        left = MOST
        while self._under_way and left > 0:
            name, file, size = self._under_way[0]
            if name == NEXT and file.closed:
                self._under_way.pop(0)
                self._removable = {BEST}
                yield Piece("settle", NEXT)
                continue
            offset = file.tell()
            data = file.read(left)
            left -= len(data)
            yield Piece("part", name, data, offset, size)
            if file.tell() >= size or not data:
                file.close()
                self._under_way.pop(0)
                if name == NEXT:
                    self._under_way.append((NEXT, file, size))

    def _read_blocks(self, name: str) -> Iterator[bytes]:
        with suppress(OSError), open_own(self.folder.path / name) as file:
            while block := file.read(BLOCK):
                yield block

    def _length(self, name: str) -> int:
        try:
            return os.stat(self.folder.path / name).st_size
        except OSError:
            return 0

    def _identity(self, name: str) -> Identity | None:
        try:
            return _identity(os.stat(self.folder.path / name))
        except OSError:
            return None


def _identity(about: os.stat_result) -> Identity:
    """What is another once a file was written to, or another was put in its place."""
    return about.st_ino, about.st_size, about.st_mtime_ns
