"""A tar's members one after another, whole or refused: tarfile itself stops without a word at the first damaged one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from typing import IO, Any, BinaryIO, Self

BLOCK = 1 << 16
# By their first bytes; each checks the sums in its file, which tarfile's own reading of a stream leaves out for gzip.
OPENERS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
    b"\x5d\0\0": lzma.open,  # LZMA alone, as of old
}


LONGEST = 2**20  # bytes of a name, and of what else is told of a member before it
NAMING = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


class _Member(tarfile.TarInfo):
    """A member whose header is whole: where it is not, tarfile would take the rest of the archive for its end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in NAMING and not 0 <= member.size <= LONGEST:  # it would all be held in memory
            raise tarfile.ReadError(f"a name in it has {member.size:,} bytes")
        return member

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as error:
            kind = type(error).__name__
            if kind == "EOFHeaderError":  # the block of zeros with which it ends
                raise
            what = "its end is missing" if kind == "EmptyHeaderError" else f"a member's header is damaged: {error}"
            raise tarfile.ReadError(what) from error


class _Unpacked(io.RawIOBase):
    """The bytes of the tar as they come out of its compression, counted."""

    def __init__(self, file: IO[bytes], count: Callable[[int], None]) -> None:
        self._file, self._count, self._bytes = file, count, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        found = self._file.read(size)
        self._bytes += len(found)
        self._count(self._bytes)
        return found


def members(raw: BinaryIO, count: Callable[[int], None]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Each member, and its content while it is at hand; `count` is told how many bytes have come out so far.

    Raises:
        tarfile.ReadError, OSError, EOFError, lzma.LZMAError, zlib.error: it is cut, changed, or has no end.
    """
    start = raw.read(8)
    raw.seek(0)
    opener = next((opener for magic, opener in OPENERS.items() if start.startswith(magic)), None)
    unpacked: Any = _Unpacked(opener(raw) if opener else raw, count)
    # As a stream: what is compressed cannot be sought in at a fair price.
    with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Member) as archive:
        for member in archive:
            yield member, archive.extractfile(member) if member.isfile() else None
        _read_out(archive)


def _read_out(archive: tarfile.TarFile) -> None:
    """Read what stands after the end: zeros alone, and with them the sums of the compression."""
    rest: Any = archive.fileobj
    while found := rest.read(BLOCK):
        if found.strip(b"\0"):
            raise tarfile.ReadError("there is more behind its end")
