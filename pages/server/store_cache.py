"""The store as this server sees it: one index a process, tailing the journals twice a second at most."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.runs.queue import ensure_dispatcher
from vitcore.search.drivers import ensure as ensure_searched
from vitcore.settle.drivers import ensure as ensure_settled
from vitcore.store import queries
from vitcore.store.index import Index

PAUSE = 0.5  # seconds between two looks at the journals, however many browsers ask
LONGEST = 1.0  # the same where thousands are stored and a look takes long: nine times as long as that, up to this
WAKING = 5.0  # seconds between two looks whether somebody takes the queue up
ACTIVE = ("queued", "running")
FOLDERS = 4  # of results that are kept in mind
VIEWS = 64  # of one state of the runs that are kept

View = TypeVar("View")


class State:
    """What pages have made of the stored runs between two changes."""

    def __init__(self, index: Index) -> None:
        self.changes, self._index = index.changes, index
        self._views: dict[Hashable, Any] = {}

    def view(self, key: Hashable, make: Callable[[Index], View]) -> View:
        """What `make` makes of the index, made once; two who ask at the same moment may both make it."""
        if key not in self._views:
            if len(self._views) >= VIEWS:
                self._views.clear()
            self._views[key] = make(self._index)
        found: View = self._views[key]
        return found


class Watched:
    """An index and the moment it was last brought up to date; shared by every session of the process."""

    def __init__(self, root: Path) -> None:
        self.results = Results(root)
        self.index = Index(self.results)
        self._lock = threading.Lock()
        self._due = self._woken = float("-inf")
        self._state: State | None = None
        self.trouble: str | None = None

    def poll(self, *, now: bool = False) -> Index:
        """The index, brought up to date where that is due.

        Args:
            now: up to date in any case.
        """
        with self._lock:
            began = time.monotonic()
            if now or began >= self._due:
                self.index.poll()
                self.index.publish_when_due()
                ended = time.monotonic()
                self._due = ended + min(max(PAUSE, 9 * (ended - began)), LONGEST)
                self._wake()
        return self.index

    def state(self, *, now: bool = False) -> State:
        """The runs as they stand, asked for once between two changes however many browsers look on."""
        index, stored = self.poll(now=now), self._state
        if stored is None or stored.changes != index.changes:
            stored = self._state = State(index)
        return stored

    def _wake(self) -> None:
        """Start whom runs, questions and searches wait for, where none lives: killed, or gone before this server."""
        if time.monotonic() - self._woken < WAKING:
            return
        first = self._woken == -math.inf  # an engine may have lost runs while nobody looked
        self._woken, self.trouble = time.monotonic(), None
        try:
            if first or self.index.waiting or self.index.training:
                ensure_dispatcher(self.results)
            ensure_settled(self.results)
            ensure_searched(self.results)
        except UserError as error:
            self.trouble = str(error)


def index(*, now: bool = False) -> Index:
    """The index, at most LONGEST behind the journals, mostly PAUSE; `now` where a click has just changed something."""
    return _own().poll(now=now)


def notices() -> list[str]:
    """What a person should know about the store itself, in sentences."""
    watched = _own()
    return [notice for notice in (watched.trouble, watched.index.notice) if notice]


def runs(*, now: bool = False) -> pd.DataFrame:
    """Every stored run, newest first."""
    return _own().state(now=now).view("runs", queries.runs).copy(deep=False)


def view(key: Hashable, make: Callable[[Index], View]) -> View:
    """What a page makes of the stored runs, made once between two changes however many look on; `key` names it.

    Nobody writes into the answer.
    """
    return _own().state().view(key, make)


def active(table: pd.DataFrame) -> pd.DataFrame:
    """Those that run or wait."""
    return table[table["status"].isin(ACTIVE)]


def _own() -> Watched:
    """The results folder's own, one a process; by st.cache_resource each of the ten looks of a page would take 1 ms."""
    root = Results().root
    with _building:
        if root not in _watched:
            if len(_watched) >= FOLDERS:
                del _watched[next(iter(_watched))]
            with st.spinner("Reading the stored runs …"):
                _watched[root] = Watched(root)
        return _watched[root]


_watched: dict[Path, Watched] = {}
_building = threading.Lock()
