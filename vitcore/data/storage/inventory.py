"""What lies on the disk, in one pass and without opening a file: changes whenever a file comes, goes or is written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from vitcore.errors import UserError

Tell = Callable[[str], None]


def inventory(found: Iterable[Path]) -> str:
    """The digest (64 hexadecimal digits) of every file's path, size and time, of folders with all that is in them.

    Hidden files are left out, as they are when images are read; so is, with them, the cache's own folder.

    Raises:
        UserError: a folder that cannot be looked into.
    """
    digest = hashlib.sha256()
    known: set[tuple[int, int]] = set()  # folders: one that is named twice, or is linked into itself, is walked once

    def tell(line: str) -> None:
        digest.update(os.fsencode(line) + b"\0")

    for path in found:
        waiting = [str(path)] if path.is_dir() else []
        if not waiting:
            _tell_file(tell, str(path), path.stat)
        while waiting:
            folder = waiting.pop()
            about = os.stat(folder)
            if (about.st_dev, about.st_ino) not in known:
                known.add((about.st_dev, about.st_ino))
                waiting += list(_walk(tell, folder))[::-1]
    return digest.hexdigest()


def hidden(name: str) -> bool:
    """Whether a file or folder of this name is no part of a dataset: macOS and caches leave such behind."""
    return name.startswith((".", "__MACOSX"))


def _walk(tell: Tell, folder: str) -> Iterator[str]:
    """Tell of the files in a folder; the folders in it, by name."""
    try:
        with os.scandir(folder) as entries:
            in_order = sorted((entry for entry in entries if not hidden(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(f"{folder} cannot be looked into ({error.strerror}); allow it, or take it away") from error
    for entry in in_order:
        # A link's own words too: another file of the same size and time may be behind it now.
        tell(os.readlink(entry.path) if entry.is_symlink() else "")
        if _is_folder(entry):
            tell(f"{entry.path}{os.sep}")
            yield entry.path
        else:
            _tell_file(tell, entry.path, entry.stat)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle; whoever reads it says so
        return False


def _tell_file(tell: Tell, path: str, status: Callable[[], os.stat_result]) -> None:
    try:
        about = status()
        tell(f"{path}\0{about.st_size}\0{about.st_mtime_ns}")
    except OSError:  # a link that leads nowhere; whoever reads it says so
        tell(f"{path}\0-")
