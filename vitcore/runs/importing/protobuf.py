"""The fields of a protobuf message, read from bytes that anybody may have written: no length leads out of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Damaged(ValueError):
    """The bytes are no message."""


def fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Number, wire type and value of each field: whole numbers of varints, bytes of everything else.

    Raises:
        Damaged: it goes on beyond its end, or is none.
    """
    place, end = 0, len(data)
    while place < end:
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, place = _varint(data, place)
            yield number, kind, value
            continue
        if kind == BYTES:
            length, place = _varint(data, place)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise Damaged(f"a field of the unknown kind {kind}")
        if length > end - place:
            raise Damaged("a field that is longer than its message")
        yield number, kind, data[place : place + length]
        place += length


def signed(value: int | bytes) -> int:
    """A varint as the int64 that it stands for."""
    found = value if isinstance(value, int) else 0
    return found - (1 << 64) if found >= 1 << 63 else found


def real(kind: int, value: int | bytes) -> float | None:
    """A float or a double; None where the field is neither."""
    if kind == FIXED32 and isinstance(value, bytes):
        return float(struct.unpack("<f", value)[0])
    if kind == FIXED64 and isinstance(value, bytes):
        return float(struct.unpack("<d", value)[0])
    return None


def text(value: int | bytes) -> str:
    """A string; what is no UTF-8 in it is replaced."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _varint(data: bytes, place: int) -> tuple[int, int]:
    found = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise Damaged("a number that is cut off")
        byte = data[place]
        place += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found & 0xFFFF_FFFF_FFFF_FFFF, place
    raise Damaged("a number of more than ten bytes")
