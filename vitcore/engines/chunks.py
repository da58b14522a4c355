"""A file in pieces of a size that Ray carries at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 16 << 20  # bytes


def chunks(file: BinaryIO) -> Iterator[tuple[int, bytes, int]]:
    """Offset, bytes there, and the size of the whole file as it was at first; one empty piece of an empty file."""
    size, offset = os.fstat(file.fileno()).st_size, 0
    while offset < size and (data := file.read(min(CHUNK, size - offset))):
        yield offset, data, size
        offset += len(data)
    if not size:
        yield 0, b"", 0
