"""The images in a folder, zip or tar, one after another; nothing is ever unpacked onto the disk."""

from __future__ import annotations

import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, NoReturn

from vitcore.data.storage.decode import LARGEST_BYTES
from vitcore.data.storage.regular import open_regular, read_regular
from vitcore.data.storage.whole_tar import members
from vitcore.errors import UserError, first_line

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz", ".tar.lzma", ".tlz")
MOST_ENTRIES = 3_000_000
LARGEST_ARCHIVE = 2**41  # bytes: ImageNet's whole 21,841 classes have 1.3e12
FAIR_BYTES, FAIR_RATIO = 4 * 2**30, 200  # an archive that grows beyond both is a bomb, not images
BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError, struct.error),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)
# What zipfile unpacks; named are others that programs for Windows and macOS offer (APPNOTE 6.3.10, section 4.4.5).
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
OTHER_METHODS = {9: "Deflate64", 93: "Zstandard", 95: "xz", 98: "PPMd", 99: "AES encryption"}
ENCRYPTED = 0x1  # among a member's flags


@dataclass(frozen=True)
class Entry:
    """One file: its name below the source, with forward slashes, and how to get its bytes (for now only)."""

    name: str
    content: Callable[[], bytes]


def is_archive(path: Path) -> bool:
    """Whether a path has an archive's ending, in any case of letters."""
    return path.name.lower().endswith(ARCHIVES)


def beside(folder: Path) -> list[Path]:
    """Archives next to where `folder` would be, whose names begin as its own does."""
    if not folder.parent.is_dir():
        return []
    near = sorted(path for path in folder.parent.iterdir() if path.name.startswith(folder.name))
    return [path for path in near if path.is_file() and is_archive(path)]


def entries(source: Path) -> Iterator[Entry]:
    """The files in a folder (in order of their names) or an archive (in its own order).

    In a folder links are followed, as torchvision does; in an archive there may be none. What is wrong with one file
    alone is told when its content is asked for, as a UserError too.

    Raises:
        UserError: not an archive, damaged, encrypted, a name that leaves it, a link in it, one in circles, or a bomb.
    """
    if source.is_dir():
        yield from _in_folder(source)
        return
    try:
        yield from _in_zip(source) if source.name.lower().endswith(".zip") else _in_tar(source)
    except UserError:
        raise
    except BROKEN as error:
        raise UserError(f"{source} is not a whole archive ({first_line(error)}); make or download it again") from error
    except OSError as error:
        raise UserError(f"{source} cannot be read ({error.strerror or error}); make or download it again") from error


def _in_folder(folder: Path) -> Iterator[Entry]:
    above = [(folder, _identity(folder))]  # the folders on the way down: a link to one of them never ends
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=_refuse_unseen):
        place = Path(parent)
        if place != folder:
            while above[-1][0] != place.parent:
                above.pop()
            above.append((place, _identity(place)))
        for name in folders:
            here = _identity(place / name)
            back = next((other for other, identity in above if identity == here), None)
            if back is not None:
                raise UserError(f"{place / name} is a link that leads back to {back}; take it away")
        folders.sort()
        for name in sorted(files):
            yield Entry((place / name).relative_to(folder).as_posix(), partial(_content, place / name))


def _identity(folder: Path) -> tuple[int, int]:
    try:
        about = folder.stat()
    except OSError as error:
        raise UserError(f"{folder} cannot be looked into ({error.strerror}); allow it, or take it away") from error
    return about.st_dev, about.st_ino


def _refuse_unseen(error: OSError) -> None:
    raise UserError(f"{error.filename} cannot be looked into ({error.strerror}); allow it, or take it away") from error


def _content(path: Path) -> bytes:
    try:
        return read_regular(path, LARGEST_BYTES)
    except OSError as error:  # a link that leads nowhere, or in a circle; a file of somebody else's
        raise UserError(f"{path} cannot be read ({error.strerror}); put the image itself there, or allow it") from error


def _in_zip(source: Path) -> Iterator[Entry]:
    with open_regular(source, LARGEST_ARCHIVE) as raw, zipfile.ZipFile(raw) as archive:
        watch = _Watch(source)
        found = archive.infolist()
        for member in found:
            watch.see(member.filename, member.file_size, link=stat.S_ISLNK(member.external_attr >> 16))
        for member in found:
            if not member.is_dir():
                _refuse_closed(source, member)
        for member in found:
            name = member.filename.replace("\\", "/")  # as some programs for Windows part folders
            if not name.endswith("/"):
                yield Entry(name, partial(_all_of, source, archive, member))


def _refuse_closed(source: Path, member: zipfile.ZipInfo) -> None:
    if member.flag_bits & ENCRYPTED:
        raise UserError(f"{source} is encrypted ({member.filename!r} is); unpack it with its password, give the folder")
    if member.compress_type not in METHODS:
        name = OTHER_METHODS.get(member.compress_type, "unknown")
        raise UserError(
            f"{source} holds {member.filename!r}, packed by method {member.compress_type} ({name}), which is not read; "
            "make the zip again by the usual one (deflate), or unpack it and give the folder"
        )


def _all_of(source: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as file:  # the size in the directory may be a lie: no more than that is read
            return file.read(member.file_size)
    except (*BROKEN, OSError) as error:
        raise UserError(
            f"{source / member.filename} is damaged in its archive ({first_line(error)}); make or download it again"
        ) from error


def _read_out(path: Path, file: IO[bytes]) -> bytes:
    try:
        return file.read()
    except (*BROKEN, OSError) as error:
        raise UserError(f"{path} is damaged in its archive ({first_line(error)}); make or download it again") from error


def _in_tar(source: Path) -> Iterator[Entry]:
    watch = _Watch(source)
    with open_regular(source, LARGEST_ARCHIVE) as raw:
        for member, file in members(raw, watch.unpacked):
            special = member.issym() or member.islnk() or member.isdev()
            watch.see(member.name, member.size, link=special)
            if file is not None:
                yield Entry(member.name, partial(_read_out, source / member.name, file))


class _Watch:
    """Keeps an eye on what an archive says of its members."""

    def __init__(self, source: Path) -> None:
        self._source, self._entries, self._bytes = source, 0, 0
        self._fair = max(FAIR_BYTES, FAIR_RATIO * source.stat().st_size)

    def unpacked(self, size: int) -> None:
        """So many bytes have come out of it, whatever it says of its members."""
        if size > self._fair + MOST_ENTRIES * tarfile.BLOCKSIZE:
            self._refuse(size)

    def see(self, name: str, size: int, link: bool) -> None:
        self._entries += 1
        self._bytes += size
        outside = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or PureWindowsPath(name).root
        if outside or ".." in PureWindowsPath(name).parts or "\0" in name:
            raise UserError(f"{self._source} holds {name!r}, which leads out of the archive; make it again without")
        if link:
            raise UserError(
                f"{self._source} holds {name!r}, a link or device; make it again with the images themselves"
            )
        if size > LARGEST_BYTES or self._bytes > self._fair or self._entries > MOST_ENTRIES:
            self._refuse(self._bytes)

    def _refuse(self, size: int) -> NoReturn:
        raise UserError(
            f"{self._source} would unpack to more than images take ({size:,} bytes in {self._entries:,} "
            "files so far); make it again with the images alone"
        )
