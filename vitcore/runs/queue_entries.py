"""What stands in the queue's files, each parsed once as long as it stays the file that it was.

Every look asks the system about every file, so that no order is ever shown that is no longer so; what is saved is
opening and parsing a thousand of them. A file that was written a moment ago is read each time: two that follow one
another within a tick of the file system's clock could be taken for one.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any

from vitcore import aliases
from vitcore.runs.folder import Results, read_json

SETTLED = 2.0  # seconds after which a file's times tell it from any that will be written in its place
MOST = 20_000  # entries that are remembered

_Etag = tuple[int, int, int, int]
_known: dict[str, tuple[_Etag, dict[str, Any]]] = {}


def read(results: Results, id: str) -> dict[str, Any] | None:
    """A run's entry as `read_json` gives it: None where it does not wait. Nobody writes into the answer."""
    path = f"{results.runs}{os.sep}{id}{os.sep}queued.json"  # text: a thousand paths of pathlib's take as long again
    try:
        about = os.lstat(path)
    except OSError:
        _known.pop(path, None)
        older = f"{results.runs}{os.sep}{id}{os.sep}{aliases.QUEUE_ENTRY}"
        return read_json(Path(older)) if os.path.isfile(older) else None
    etag = (about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    before = _known.get(path)
    if before is not None and before[0] == etag:
        return before[1]
    entry = read_json(Path(path))  # of the file that was looked at, or of a later one, whose etag differs
    if entry and stat.S_ISREG(about.st_mode) and time.time() - about.st_ctime > SETTLED:
        if len(_known) >= MOST:
            _known.clear()
        _known[path] = (etag, entry)
    else:
        _known.pop(path, None)
    return entry
