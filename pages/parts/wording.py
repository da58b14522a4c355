"""Numbers and durations as people say them."""

from __future__ import annotations

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


def share(value: float | None) -> float:
    """A progress bar's value: 0 to 1, and 0 where nothing is known."""
    return 0.0 if missing(value) else min(max(float(value or 0), 0.0), 1.0)


def duration(seconds: float | None) -> str:
    """75 -> '1 min 15 s'; None and NaN -> '–'."""
    return NONE if missing(seconds) else durations.duration(float(seconds or 0))


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
