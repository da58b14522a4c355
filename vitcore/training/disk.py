"""Files put in place whole, and in plain words why one cannot be: no room, no permission, a disk that fails.

A draft is written beside the file and takes its name when it is on the disk. It has the mode that any file made by
this process has (the umask's, or the folder's default access list), whichever library writes it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
_OS_ERROR = re.compile(r"\(os error (\d+)\)")  # how libraries written in Rust quote the system


class Remembering:
    """A file to write to that keeps the system's own error: torch.save passes on another ("unexpected pos ...")."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write `data`; bytes written. Raises OSError, and keeps the first."""
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = self.error or error
            raise

    def flush(self) -> None:
        """Hand to the system what Python still holds."""
        self._file.flush()

    def close(self) -> None:
        """Raises the error that was met on the way, now at the latest."""
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error
        if self.error is not None:
            raise self.error


def draft_of(path: Path) -> Path:
    """An empty file beside `path` to be written and renamed; it has the mode that a new file of this process has."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    draft.open("xb").close()
    return draft


def put(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` fill a draft, and put it in the place of `path` once it is durable.

    Raises:
        OSError: with the system's own number, whatever the library that wrote made of it.
    """
    draft = draft_of(path)
    mode = stat.S_IMODE(draft.stat().st_mode)
    try:
        try:
            write(draft)
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
        except Exception as error:
            found = number(error)
            if found is None:
                raise
            raise OSError(found, os.strerror(found), str(path)) from error
        draft.chmod(mode)  # some libraries write a private file of their own and rename it
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def number(error: BaseException) -> int | None:
    """The system's number of what went wrong; None where `error` is about something else."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    quoted = _OS_ERROR.search(str(error))
    if quoted:
        return int(quoted[1])
    return errno.ENOSPC if "no space left" in str(error).lower() else None


def free(folder: Path) -> int | None:
    """Bytes that may still be written in `folder`; None where the system does not say."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def full(folder: Path, needed: int | None = None, room: int | None = None) -> str:
    """That the disk of `folder` is full, with what it has and what is needed where these are known."""
    room = free(folder) if room is None else room
    has = "" if room is None else f": it has {amount(room)} free"
    wants = "" if needed is None else f"{' and' if has else ':'} {amount(needed)} {'are' if has else 'is'} needed"
    if room is not None and needed is not None and needed < 0.9 * room:
        wants += " (a quota may forbid the rest, or some was freed just now)"
    elif room is not None and needed is not None and (needed <= room or amount(needed) == amount(room)):
        wants = f" and a little more than {amount(room)} is needed"  # names, and what a disk rounds up to, come on top
    return f"the disk is full{has}{wants}; free some space and resume the run"


def disk_message(error: OSError, folder: Path, needed: int | None = None, room: int | None = None) -> str:
    """Why a file could not be written to `folder`, and what would help."""
    if error.errno in FULL:
        return full(folder, needed, room)
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{strerror(error)}; let this account write there, or choose another results folder"
    return strerror(error)


def unreadable(error: OSError) -> str:
    """Why a file that is there cannot be read: somebody's permission is no damage."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{strerror(error)}; its owner can make it readable (chmod a+r), the file itself may well be whole"
    return strerror(error)


def strerror(error: OSError) -> str:
    """What the system said, without the path."""
    return error.strerror or str(error)


def amount(size: int) -> str:
    """1_234_567 -> '1.2 MB'."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"
