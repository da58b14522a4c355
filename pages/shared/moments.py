"""Moments as the person at the browser has them: in that browser's zone, and with its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from pages.shared.format import NONE, missing

COLUMNS = ("created", "started", "ended")  # of the runs' table, in UTC without saying so
SLACK = 5.0  # seconds by which the clocks of two processes may be apart without a word


def zone() -> tzinfo:
    """The browser's zone; by its distance from UTC where its name is not known here, UTC where it tells none."""
    try:
        name = st.context.timezone
        if name:
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, or none are installed here
        pass
    minutes = st.context.timezone_offset  # west of Greenwich is positive
    return UTC if not minutes else timezone(-timedelta(minutes=minutes))


def zone_name() -> str:
    """What the zone is called: 'Asia/Tokyo', 'UTC+09:00', 'UTC'."""
    return str(getattr(zone(), "key", None) or zone())


def at(moment: datetime | None) -> str:
    """A UTC moment as '26 Nov 2026, 10:31 JST'."""
    if missing(moment):
        return NONE
    assert moment is not None
    then = _aware(moment).astimezone(zone())
    name = then.strftime("%Z")
    name = name if name[:1] not in "+-" else f"UTC{name}"  # zones without letters of their own
    return f"{then.day} {then:%b %Y, %H:%M} {name}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """A UTC moment as 'just now', '5 min ago', 'yesterday' or the day and hour; one ahead of the clock is told so."""
    if missing(moment):
        return NONE
    assert moment is not None
    now, then = _aware(now or datetime.now(UTC)), _aware(moment)
    past = (now - then).total_seconds()
    if past < -SLACK:
        return f"{at(then)}, ahead of this machine's clock"
    if past < 60:
        return "just now"
    if past < 3600:
        return f"{round(past / 60)} min ago"
    if past < 86_400:
        return f"{round(past / 3600)} h ago"
    if (now.astimezone(zone()).date() - then.astimezone(zone()).date()).days == 1:
        return "yesterday"
    return at(then)


def utc(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its moments as such of UTC, for whoever takes it along."""
    present = {name: table[name] for name in COLUMNS if name in table}
    return table.assign(**{
        name: column if getattr(column.dtype, "tz", None) else pd.to_datetime(column).dt.tz_localize("UTC")
        for name, column in present.items()
    })  # fmt: skip


def local(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its moments in the browser's zone, to be looked at."""
    present, here = utc(table), zone()
    return present.assign(**{name: present[name].dt.tz_convert(here) for name in COLUMNS if name in present})


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
