"""Files from elsewhere are opened here: regular ones alone, of a fair size, whatever else bears the name."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from vitcore.errors import UserError

CHUNK = 1 << 20
"""Bytes that are read at once of a file that goes on behind the end it said it had."""

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path, limit: int) -> BinaryIO:
    """`path` open for reading, once it is seen to be a file of at most `limit` bytes; links are followed.

    Raises:
        OSError: it is not there, or may not be read.
        UserError: it is something else than a file (a pipe would keep its reader waiting for ever), or larger.
    """
    _check(path, os.stat(path), limit)  # before it is opened too: opening some devices does something
    # Not blocking: a pipe that takes the file's place in this instant is opened at once, and then found out.
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _check(path, os.fstat(number), limit)
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def read_regular(path: Path, limit: int) -> bytes:
    """The whole of a file of at most `limit` bytes.

    Raises:
        UserError: it is larger, or no file; and what else `open_regular` raises.
    """
    with open_regular(path, limit) as file:
        # It may grow meanwhile, and some of /proc's say that they are empty. A buffer is made as long as what is asked
        # for: never the limit itself, which may be larger than this machine's memory.
        content = bytearray(file.read(os.fstat(file.fileno()).st_size + 1))
        while len(content) <= limit and (more := file.read(min(CHUNK, limit + 1 - len(content)))):
            content += more
    if len(content) > limit:
        raise UserError(_too_large(path, f"more than {limit:,}", limit))
    return bytes(content)


def own_place(path: Path) -> Path:
    """Where the link `path` leads among its folder and that one's neighbors; the path itself where it is none.

    Raises:
        UserError: out of the folder that holds the file and its neighbors.
    """
    if not os.path.islink(path):
        return path
    try:
        real = Path(os.path.realpath(path, strict=True))
    except FileNotFoundError:
        real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(path.parent.parent)):
        raise UserError(
            f"{path} is a link that leads out of its folder, and is not followed; put the file itself there"
        )
    return real


def _check(path: Path, found: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        what = KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise UserError(f"{path} is {what} where a file is wanted; put the file itself there, or take it away")
    if found.st_size > limit:
        raise UserError(_too_large(path, f"{found.st_size:,}", limit))


def _too_large(path: Path, size: str, limit: int) -> str:
    return f"{path} has {size} bytes, and at most {limit:,} are read of such a file; put the right one there"
