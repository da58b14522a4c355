"""Numbers, durations and moments as people say them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pandas as pd

from vitcore.reports import durations

NONE = "–"


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


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """A UTC moment as 'just now', '5 min ago', 'yesterday' or a date."""
    if missing(moment):
        return NONE
    assert moment is not None
    now = now or datetime.now(UTC)
    then = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    past = (now - then).total_seconds()
    if past < 60:
        return "just now"
    if past < 3600:
        return f"{round(past / 60)} min ago"
    if past < 86_400:
        return f"{round(past / 3600)} h ago"
    if past < 2 * 86_400:
        return "yesterday"
    return f"{then.day} {then:%b %Y}"


def plain(sentence: str) -> str:
    """Text for markdown: a kernel's asterisk or bracket is no emphasis and no link."""
    return "".join(f"\\{sign}" if sign in "*_[]$`<~" else sign for sign in sentence)


def megabytes(value: float | None) -> str:
    """410.2 -> '410 MB'; 2048 -> '2.0 GB'."""
    if missing(value):
        return NONE
    assert value is not None
    return f"{value / 1024:.1f} GB" if value >= 1000 else f"{value:.0f} MB"


def missing(value: object) -> bool:
    """None, NaN, NaT and pandas' NA, all of which a table's empty cell may hold."""
    return value is None or value is pd.NA or value != value
