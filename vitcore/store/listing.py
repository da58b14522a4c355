"""Which runs a results folder holds, listed anew only where that may have changed: 100,000 entries are long to list."""

from __future__ import annotations

import os
import time

from vitcore.runs.folder import Results

ANEW_SECONDS = 10.0  # a link whose goal has come back leaves no trace in the folder's times
_SETTLED_NS = 1_000_000_000  # times are coarse: a folder touched this lately may be touched again unseen
_Look = tuple[int, int, int, int]


class Listing:
    """The ids of a results folder's runs, as they were listed last while the folder is as it was."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._ids: list[str] = []
        self._look: _Look | None = None
        self._due = 0.0

    def ids(self) -> list[str]:
        """Every stored run, oldest first.

        Raises:
            UserError: the folder cannot be read.
        """
        look = _looked(self._results)  # before the listing: what comes in between shows at the next look
        if look is None or look != self._look or time.monotonic() >= self._due:
            self._look = None
            self._ids = self._results.ids()
            self._look, self._due = look, time.monotonic() + ANEW_SECONDS
        return self._ids


def _looked(results: Results) -> _Look | None:
    """What changes as a run comes or goes, or a right to the folder does; None where it cannot be relied on."""
    try:
        found = os.stat(results.runs)
    except OSError:  # there is none yet; or the listing says what is wrong
        return None
    if max(found.st_mtime_ns, found.st_ctime_ns) >= time.time_ns() - _SETTLED_NS:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
