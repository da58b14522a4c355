"""Browsers that have gone: their sessions wait a while to be taken up again, a few at a time.

Streamlit keeps the last 128, each with an event loop of its own, which is three file descriptors, and lets go of them
without shutting them down. Here a few wait, and whoever has to make room is shut down as if its time were over.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from streamlit import config
from streamlit.runtime import get_instance
from streamlit.runtime.session_manager import SessionInfo, SessionStorage

MOST = 16


class PatientStorage(SessionStorage):
    """Sessions without a browser, the longest waiting first."""

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._sessions: dict[str, tuple[float, SessionInfo]] = {}

    def get(self, session_id: str) -> SessionInfo | None:
        """The session of that id where it still waits, else None."""
        self._let_go()
        found = self._sessions.get(session_id)
        return None if found is None else found[1]

    def save(self, session_info: SessionInfo) -> None:
        """Keep a session whose browser has gone, as the newest."""
        self._sessions.pop(session_info.session.id, None)
        self._sessions[session_info.session.id] = (self._clock(), session_info)
        self._let_go()

    def delete(self, session_id: str) -> None:
        """Keep a session no longer. Raises KeyError where it does not wait."""
        del self._sessions[session_id]

    def list(self) -> list[SessionInfo]:
        """The sessions that still wait, the longest waiting first."""
        self._let_go()
        return [info for _, info in self._sessions.values()]

    def _let_go(self) -> None:
        """Shuts down those whose time is over, and the longest waiting where there are too many."""
        oldest = self._clock() - config.get_option("server.disconnectedSessionTTL")
        for id, (since, info) in tuple(self._sessions.items()):
            if len(self._sessions) <= self._most and since > oldest:
                return
            del self._sessions[id]
            info.session.shutdown()


@asynccontextmanager
async def few_sessions(app: object) -> AsyncIterator[None]:
    """The server's life, in which few sessions are kept of browsers that have gone."""
    manager: Any = get_instance()._session_mgr  # no argument of st.App leads there
    manager._session_storage = PatientStorage()
    yield
