"""The pictures in a folder, zip or tar, one after another; nothing is ever unpacked onto the disk."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath

from vitcore.data.decode import LARGEST_BYTES
from vitcore.data.regular import open_regular, read_regular
from vitcore.errors import Refusal

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2")
MOST_ENTRIES = 3_000_000
LARGEST_ARCHIVE = 2**41  # bytes: ImageNet's whole 21,841 classes have 1.3e12
FAIR_BYTES, FAIR_RATIO = 4 * 2**30, 200  # an archive that grows beyond both is a bomb, not pictures
BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Entry:
    """One file: its name below the source, with forward slashes, and how to get its bytes (for now only)."""

    name: str
    content: Callable[[], bytes]


def is_archive(path: Path) -> bool:
    return path.name.lower().endswith(ARCHIVES)


def beside(folder: Path) -> list[Path]:
    """Archives next to where `folder` would be, whose names begin as its own does."""
    if not folder.parent.is_dir():
        return []
    near = sorted(path for path in folder.parent.iterdir() if path.name.startswith(folder.name))
    return [path for path in near if path.is_file() and is_archive(path)]


def entries(source: Path) -> Iterator[Entry]:
    """The files in a folder (in order of their names) or an archive (in its own order).

    Raises:
        Refusal: not an archive, damaged, a name that leaves it, a link in it, or a bomb.
    """
    if source.is_dir():
        yield from _in_folder(source)
        return
    try:
        yield from _in_zip(source) if source.name.lower().endswith(".zip") else _in_tar(source)
    except Refusal:
        raise
    except BROKEN as error:
        raise Refusal(f"{source} is not a whole archive ({str(error)[:120]}); make or download it again") from error
    except OSError as error:
        raise Refusal(f"{source} cannot be read ({error.strerror or error}); make or download it again") from error


def _in_folder(folder: Path) -> Iterator[Entry]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in (*folders, *files):
            if (Path(parent) / name).is_symlink():
                raise Refusal(f"{Path(parent) / name} is a link; put the pictures themselves there")
        for name in sorted(files):
            path = Path(parent) / name
            yield Entry(path.relative_to(folder).as_posix(), partial(read_regular, path, LARGEST_BYTES))


def _in_zip(source: Path) -> Iterator[Entry]:
    with open_regular(source, LARGEST_ARCHIVE) as raw, zipfile.ZipFile(raw) as archive:
        watch = _Watch(source)
        members = archive.infolist()
        for member in members:
            watch.see(member.filename, member.file_size, link=stat.S_ISLNK(member.external_attr >> 16))
        for member in members:
            if not member.is_dir():
                yield Entry(member.filename, lambda member=member: _all_of(archive, member))  # type: ignore[misc]


def _all_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as file:  # the size in the directory may be a lie: no more than that is read
        return file.read(member.file_size)


def _in_tar(source: Path) -> Iterator[Entry]:
    if source.name.lower().endswith(".tar"):
        # Cut at a member's end, a plain tar looks whole to tarfile; compressed ones find out for themselves.
        with open_regular(source, LARGEST_ARCHIVE) as raw:
            raw.seek(max(0, source.stat().st_size - tarfile.BLOCKSIZE))
            if raw.read().strip(b"\0"):
                raise tarfile.ReadError("its end is missing")
    # As a stream: xz cannot be sought in.
    with open_regular(source, LARGEST_ARCHIVE) as raw, tarfile.open(fileobj=raw, mode="r|*") as archive:
        watch = _Watch(source)
        for member in archive:
            special = member.issym() or member.islnk() or member.isdev()
            watch.see(member.name, member.size, link=special)
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield Entry(member.name, file.read)


class _Watch:
    """Keeps an eye on what an archive says of its members."""

    def __init__(self, source: Path) -> None:
        self._source, self._entries, self._bytes = source, 0, 0
        self._fair = max(FAIR_BYTES, FAIR_RATIO * source.stat().st_size)

    def see(self, name: str, size: int, link: bool) -> None:
        self._entries += 1
        self._bytes += size
        outside = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or PureWindowsPath(name).root
        if outside or ".." in PureWindowsPath(name).parts or "\0" in name:
            raise Refusal(f"{self._source} holds {name!r}, which leads out of the archive; make it again without")
        if link:
            raise Refusal(
                f"{self._source} holds {name!r}, a link or device; make it again with the pictures themselves"
            )
        if size > LARGEST_BYTES or self._bytes > self._fair or self._entries > MOST_ENTRIES:
            raise Refusal(
                f"{self._source} would unpack to more than pictures take ({self._bytes:,} bytes in {self._entries:,} "
                "files so far); make it again with the pictures alone"
            )
