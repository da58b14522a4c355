"""When somebody looked at Home before, so that Home can say what has ended since."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from vitcore.errors import UserError
from vitcore.runs.folder import FORMAT, Results, read_json, write_json

_SINCE = "home-since"  # in the session


def since() -> datetime | None:
    """The last visit to Home before this session, in UTC; None at the first, or where it cannot be told."""
    state = st.session_state
    if _SINCE not in state:
        state[_SINCE] = _read()
        _now()
    found: datetime | None = state[_SINCE]
    return found


def _read() -> datetime | None:
    with suppress(UserError, OSError, ValueError, OverflowError, TypeError):
        at = (read_json(_file()) or {}).get("at")
        if isinstance(at, int | float) and 0 < at <= time.time():
            return datetime.fromtimestamp(at, UTC)
    return None


def _now() -> None:
    """Remembered with the results; a folder that is only read is no reason to complain."""
    with suppress(OSError):
        write_json(_file(), {"v": FORMAT, "at": round(time.time(), 3)})


def _file() -> Path:
    return Results().root / "visit.json"
