"""Values of a JSON file that anybody may have written, as what they should be, or None where they are not."""

from __future__ import annotations

from datetime import UTC, datetime

_INT64 = 2**63


def whole(value: object) -> int | None:
    """The value where it is a whole number that DuckDB's BIGINT holds, else None; True and False are no numbers."""
    return value if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64 else None


def number(value: object) -> float | None:
    """The value as a float where it is a number that one can hold, NaN and infinities included, else None."""
    if type(value) is float:  # the common case: a rebuild comes by here a million times
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def text(value: object) -> str | None:
    """A string that any encoding can carry: a lone half of a surrogate pair is replaced."""
    return value[:10_000].encode("utf-8", "replace").decode() if isinstance(value, str) else None


def texts(value: object) -> list[str] | None:
    """Those of a list that are strings."""
    return [found for found in map(text, value) if found is not None] if isinstance(value, list) else None


def time(value: object) -> datetime | None:
    """Unix seconds as UTC without a zone, as DuckDB's TIMESTAMP takes it."""
    seconds = number(value)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return None
