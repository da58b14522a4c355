"""What a person typed into an option's field, as its value: exactly what stands there, or a sentence saying why not.

Nothing is guessed at. A number is written in the digits 0 to 9 with a dot, with an exponent where wanted (3e-4); signs
that people, languages and other programs use besides are refused by the spelling that would be right. A list takes
commas, semicolons and spaces between its values, and a range of whole numbers as 0-4.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from vitcore.errors import UserError
from vitcore.spec.options import SpecField

LONGEST_LIST = 500
"""Values that one list may hold."""

_WHOLE = re.compile(r"[+-]?[0-9]+(e\+?[0-9]{1,2})?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,4})?", re.IGNORECASE)
_RANGE = re.compile(r"(?P<first>[0-9]+)[-\u2013](?P<last>[0-9]+)")  # a hyphen, or the dash that print has
_LARGEST = 2**63 - 1  # that a stored run's row takes
_DIGITS = 25  # more than any option takes; a number of a million digits would take Python minutes
_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:(?P<sign>[ ,.'_])[0-9]{3})(?:(?P=sign)[0-9]{3})*")
_ALIKE = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2010": "-", "\u2011": "-", "\u2019": "'", "\u00b7": "."})


def read(field: SpecField, text: str, *, empty: str = "") -> Any:
    """The one value that stands in the field of an option that is typed.

    Args:
        empty: the word that stands for nothing, as the form shows it; an empty field stands for it too.

    Raises:
        UserError: one sentence, where what stands there is no such value.
    """
    if field.kind not in (int, float):
        return None if field.optional and text == "" else text
    stripped = text.strip()
    if not stripped or (empty and stripped.casefold() == empty.casefold()):
        if field.optional:
            return None
        raise _refused(field, f"nothing stands there; give {_wish(field)}")
    return _within(field, _number(field, stripped), stripped)


def read_list(field: SpecField, text: str, *, empty: str = "") -> list[Any]:
    """The values that stand in the field of an option of which several are asked for, each once.

    Raises:
        UserError: one sentence naming the part that is no value, that can be read in two ways or stands there twice.
    """
    if not text.strip():
        return [read(field, text, empty=empty)]
    found: list[Any] = []
    for part in _parts(field, text):
        values = _range(field, part) or [read(field, part, empty=empty)]
        for value in values:
            if value in found:
                raise _refused(field, f"{written(value) or empty} stands there twice; give every value once")
        found += values
        if len(found) > LONGEST_LIST:
            raise _refused(field, f"{len(found):,} values are more than a list may hold; give at most {LONGEST_LIST}")
    return found


def written(value: Any) -> str:
    """A value as it is typed: read again it is the same."""
    if value is None:
        return ""
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)


def _parts(field: SpecField, text: str) -> list[str]:
    """The values of a list, one by one."""
    text = re.sub(r"(?<=[0-9])\s+([-\u2013])\s+(?=[0-9])", r"\1", text.strip())  # 0 - 4 is a range too
    for glued in re.split(r"[\s;]+", text):
        _not_two_ways(field, glued.removesuffix(","))
    pieces = re.split(r"\s*[,;]\s*|\s+", re.sub(r"\s*[,;]$", "", text))
    if "" in pieces:
        raise _refused(field, f"nothing stands between two of the commas in {_quoted(text)}; give {_wish(field)}")
    return pieces


def _not_two_ways(field: SpecField, glued: str) -> None:
    """Refuses a comma that may stand within one number as well as between two."""
    apart = glued.replace(",", ", ")
    if _GROUPS.fullmatch(glued) and "," in glued and glued[0] != "0":
        raise _refused(
            field, f"{_quoted(glued)} can be read in two ways; write {glued.replace(',', '')}, or {apart} with a space"
        )
    if field.kind is float and re.search(r"(^|,)[+-]?[0-9]+,[0-9]+(e[+-]?[0-9]+)?(,|$)", glued, re.IGNORECASE):
        dotted = glued.replace(",", ".") if glued.count(",") == 1 else "a dot for the decimals"
        raise _refused(field, f"{_quoted(glued)} can be read in two ways; write {dotted}, or {apart} with a space")


def _range(field: SpecField, part: str) -> list[int]:
    """The whole numbers of a range, checked; nothing where the part is none."""
    found = _RANGE.fullmatch(part)
    if field.kind is not int or found is None:
        return []
    first, last = (_within(field, _number(field, found[end]), found[end]) for end in ("first", "last"))
    if first > last:
        raise _refused(field, f"{_quoted(part)} runs backwards; write {last}-{first}")
    if last - first >= LONGEST_LIST:
        raise _refused(field, f"{_quoted(part)} is {last - first + 1:,} values; a list may hold at most {LONGEST_LIST}")
    return list(range(first, last + 1))


def _number(field: SpecField, text: str) -> int | float:
    """The number that the text is; nothing but spelling is looked at."""
    pattern = _WHOLE if field.kind is int else _NUMBER
    if not pattern.fullmatch(text):
        right = _spelled_right(text, pattern)
        raise _refused(field, f"{_quoted(text)} cannot be read as it stands; write {right or _wish(field)}")
    if field.kind is int:
        if len(text) > _DIGITS or abs(whole := int(Decimal(text))) > _LARGEST:
            raise _refused(field, f"{_quoted(text)} is too large; give {_wish(field)}")
        return whole
    value = float(text)
    if math.isinf(value) or (value == 0 and re.search("[1-9]", re.split("[eE]", text)[0])):
        raise _refused(field, f"{_quoted(text)} is {'too large' if value else 'too near 0'}; give {_wish(field)}")
    return value


def _spelled_right(text: str, pattern: re.Pattern[str]) -> str:
    """The spelling that a number in other signs would have here, both where it may be two; empty where it is none."""
    plain = "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else " " if sign.isspace() else sign
        for sign in text.translate(_ALIKE)
    )
    if plain != text and pattern.fullmatch(plain):
        return plain
    grouped = _GROUPS.fullmatch(plain)
    item = re.sub("[ ,.'_]", "", plain) if grouped else ""
    other = plain.replace(",", ".") if plain.count(",") == 1 else ""
    if pattern is _WHOLE:
        return item
    parts = [each for each in (other, item) if each and _NUMBER.fullmatch(each)]
    return " or ".join(dict.fromkeys(parts))


def _within(field: SpecField, value: Any, text: str) -> Any:
    """The value, where it keeps the option's bounds."""
    words: dict[str, tuple[Callable[[float], bool], str]] = {
        "ge": (lambda limit: value >= limit, "less than the least, {}"),
        "gt": (lambda limit: value > limit, "not above {}"),
        "le": (lambda limit: value <= limit, "more than the most, {}"),
        "lt": (lambda limit: value < limit, "not below {}"),
    }
    for bound, limit in field.bounds.items():
        keeps, parts = words[bound]
        if not keeps(limit):
            raise _refused(field, f"{text[:40]} is {parts.format(_shown(limit))}; give {_wish(field)}")
    return value


def _wish(field: SpecField) -> str:
    """What would be right, as 'a whole number from 1 to 10,000'."""
    low, high = field.bounds.get("ge"), field.bounds.get("le")
    above, below = field.bounds.get("gt"), field.bounds.get("lt")
    if field.kind is int and below is not None:
        high = below - 1
    words = ["a whole number" if field.kind is int else "a number"]
    if low is not None:
        words.append(f"from {_shown(low)}" if high is not None else f"of at least {_shown(low)}")
    elif above is not None:
        words.append(f"above {_shown(above)}")
    if high is not None:
        words.append(f"to {_shown(high)}" if low is not None else f"and at most {_shown(high)}")
    elif below is not None:
        words.append(f"to below {_shown(below)}" if low is not None else f"below {_shown(below)}")
    return " ".join(words)


def _shown(limit: float) -> str:
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:,g}"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")


def _refused(field: SpecField, sentence: str) -> UserError:
    return UserError(f"{field.label}: {sentence}")
