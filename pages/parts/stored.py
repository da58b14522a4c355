"""The store as this server sees it: one index a process, tailing the journals about once a second at most."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from vitcore.errors import Refusal
from vitcore.runs.folder import Results
from vitcore.runs.queue import ensure_dispatcher
from vitcore.store import queries
from vitcore.store.index import Index

PAUSE = 0.8  # seconds between two looks at the journals, however many browsers ask
WAKING = 5.0  # seconds between two looks whether somebody takes the queue up
ACTIVE = ("queued", "running")


class Watched:
    """An index and the moment it was last brought up to date; shared by every session of the process."""

    def __init__(self, root: Path) -> None:
        self.results = Results(root)
        self.index = Index(self.results)
        self._lock = threading.Lock()
        self._polled = self._woken = float("-inf")
        self._table: tuple[int, pd.DataFrame] | None = None
        self.trouble: str | None = None

    def poll(self, *, now: bool = False) -> Index:
        with self._lock:
            if now or time.monotonic() - self._polled >= PAUSE:
                self.index.poll()
                self.index.publish_when_due()
                self._polled = time.monotonic()
                self._wake()
        return self.index

    def runs(self, *, now: bool = False) -> pd.DataFrame:
        """Every stored run, asked for once between two changes however many browsers look on."""
        index = self.poll(now=now)
        changes, kept = index.changes, self._table
        if kept is None or kept[0] != changes:
            kept = self._table = (changes, queries.runs(index))
        return kept[1].copy(deep=False)

    def _wake(self) -> None:
        """Start a dispatcher where runs wait and none lives: it was killed, or they wait since before this server."""
        if time.monotonic() - self._woken < WAKING:
            return
        self._woken, self.trouble = time.monotonic(), None
        if self.index.waiting:
            try:
                ensure_dispatcher(self.results)
            except Refusal as refusal:
                self.trouble = str(refusal)


def index(*, now: bool = False) -> Index:
    """The index, at most PAUSE seconds behind the journals; `now` where a click has just changed something."""
    return _mine().poll(now=now)


def notices() -> list[str]:
    """What a person should know about the store itself, in sentences."""
    watched = _mine()
    return [told for told in (watched.trouble, watched.index.notice) if told]


def runs(*, now: bool = False) -> pd.DataFrame:
    """Every stored run, newest first."""
    return _mine().runs(now=now)


def active(table: pd.DataFrame) -> pd.DataFrame:
    """Those that run or wait."""
    return table[table["status"].isin(ACTIVE)]


def _mine() -> Watched:
    """The results folder's own; remembered here too, since a page asks ten times and a cache takes a millisecond."""
    root = Results().root
    if _last.get("root") != root or _last.get("code") != id(Index):
        _last.update(root=root, code=id(Index), watched=_watched(root, id(Index)))
    watched: Watched = _last["watched"]
    return watched


_last: dict[str, Any] = {}


@st.cache_resource(show_spinner="Reading the stored runs …", max_entries=4)
def _watched(root: Path, code: int) -> Watched:
    """One a results folder; `code` changes when the library is edited and loaded anew, so that no old object stays."""
    return Watched(root)
