"""Numbers and durations as people say them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pandas as pd

from vitcore.cost import durations

NONE = "–"
WORD_JOINER = "\u2060"  # has no width

_MARKDOWN = re.compile(r"(?m)[\\`*_\[\]<>~$|@]|:(?=\S)|(?<=:material)/|&(?=[#\w])|^[-+=#]")
_NUMBERED = re.compile(r"(?m)^(\d{1,9})([.)])(?=\s|$)")
_DRAWN = re.compile(r"(?m)(?<!\S)(?:<->|->|<-|--|>=|<=|~=)(?!\S)|:streamlit:")
_LINKED = re.compile(r"(?i)https?:(?=//)|\bwww(?=\.)|@")
"""What is redrawn after the markdown was read, so that no backslash helps: arrows by Streamlit, links by its reader."""


def percent(value: float | None, digits: int = 1) -> str:
    """3.14159 -> '3.1 %'; None and NaN -> '–'."""
    return NONE if missing(value) else f"{value:.{digits}f} %"


def count(value: float | None) -> str:
    """28_214_000 -> '28.2 M'; figures of a thousand and less are written out."""
    if missing(value):
        return NONE
    assert value is not None
    value = float(value)
    for size, sign in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / (size if sign != ' k' else 1e3):.3g}{sign}"
    return f"{value:,.0f}"


def whole(value: float | None) -> str:
    """3 or 3.0 -> '3'; None, NaN and what is not finite -> '–'."""
    return NONE if missing(value) or not math.isfinite(float(value or 0)) else f"{int(value or 0)}"


def share(value: float | None) -> float:
    """A progress bar's value: 0 to 1, and 0 where nothing is known."""
    return 0.0 if missing(value) else min(max(float(value or 0), 0.0), 1.0)


def duration(seconds: float | None) -> str:
    """75 -> '1 min 15 s'; None and NaN -> '–'."""
    return NONE if missing(seconds) else durations.duration(float(seconds or 0))


def number(how_many: int, thing: str, things: str = "") -> str:
    """How many of what: '1 run', '1,200 runs'; `things` where an s does not do."""
    return f"{how_many:,} {thing if how_many == 1 else things or thing + 's'}"


def rest(statuses: Sequence[str]) -> str:
    """What trains and what waits beyond what is shown: '2 more that train and 1 more in the queue'."""
    training, waiting = statuses.count("running"), statuses.count("queued")
    counts = [f"{training:,} more that {'trains' if training == 1 else 'train'}"] if training else []
    return " and ".join([*counts, *([f"{waiting:,} more in the queue"] if waiting else [])])


def sentence(error: Exception) -> str:
    """An error's words, which begin small and have no end, as a sentence for markdown, shown to the letter."""
    text = str(error)
    return plain(f"{text[:1].upper()}{text[1:]}.")


def plain(text: object) -> str:
    """Text for markdown that is shown to the letter, whatever a person has put into it.

    No emphasis, heading, list, link, image, tag, entity, formula, color or icon comes of it, nor an arrow of ->.
    """
    escaped = re.sub(r"(?m)^[ \t]+", "", str(text).strip())  # spaces at its ends would undo an emphasis around it
    escaped = _DRAWN.sub(lambda found: f"{found[0][0]}{WORD_JOINER}{found[0][1:]}", escaped)
    escaped = _LINKED.sub(lambda found: found[0] + WORD_JOINER, escaped)
    return _NUMBERED.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\g<0>", escaped))


def megabytes(value: float | None) -> str:
    """410.2 -> '410 MB'; 2048 -> '2.0 GB'."""
    if missing(value):
        return NONE
    assert value is not None
    return f"{value / 1024:.1f} GB" if value >= 1000 else f"{value:.0f} MB"


def size(count: int) -> str:
    """Bytes: 1_234_567 -> '1.2 MB'."""
    for unit, sign in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {sign}"
    return f"{count} bytes"


def missing(value: object) -> bool:
    """None, NaN, NaT and pandas' NA, all of which a table's empty cell may hold."""
    return value is None or value is pd.NA or value != value
