"""What a dispatcher last had to say: what its engine has free, and why runs wait; pages read it and wait for nobody."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vitcore import untrusted
from vitcore.runs import engine_settings, locks, queue
from vitcore.runs.folder import FORMAT, Results, read_json, write_json

QUIET = 60.0  # seconds after which a report of a dispatcher on another machine is no news


@dataclass(frozen=True)
class Report:
    """A dispatcher's last word.

    Attributes:
        words: what is free, or why the engine cannot be reached; a sentence without its end.
        waits: by run, what it waits for.
    """

    words: str = ""
    waits: Mapping[str, str] = field(default_factory=dict)


class Reporter:
    """Writes one dispatcher's report, where it differs from the last."""

    def __init__(self, results: Results, name: str) -> None:
        self._path = path(results, name)
        self._last: Any = None
        self._at = 0.0

    def write(self, words: str, waits: Mapping[str, str]) -> None:
        """A report that cannot be written is none: nothing depends on it."""
        if (words, waits) == self._last and time.monotonic() - self._at < QUIET / 3:
            return
        self._last, self._at = (words, waits), time.monotonic()
        try:
            write_json(self._path, {"v": FORMAT, "at": round(time.time(), 1), "words": words, "waits": dict(waits)})
        except OSError:
            self._last = None

    def close(self) -> None:
        """Nobody is left to speak."""
        self._path.unlink(missing_ok=True)


def path(results: Results, name: str) -> Path:
    """Beside the lock of this queue's dispatcher."""
    return queue.dispatcher_lock(results, name).with_suffix(".json")


def reports(results: Results) -> dict[str, Report]:
    """Of every dispatcher that lives here, by the name of its queue; those of an engine may run on another machine."""
    found = {}
    for name in queue.NAMES:
        content = read_json(path(results, name))
        if not content:
            continue
        at, waits = untrusted.number(content.get("at")) or 0.0, content.get("waits")
        if locks.is_locked(queue.dispatcher_lock(results, name)) or abs(time.time() - at) < QUIET:
            texts = {id: str(why)[:500] for id, why in waits.items()} if isinstance(waits, dict) else {}
            found[name] = Report(str(content.get("words", ""))[:500], texts)
    return found


def sentences(results: Results) -> list[str]:
    """What a person should know of whoever takes the queue up: what is free, where it has more than one slot."""
    known = {name: report.words for name, report in reports(results).items() if report.words}
    texts = [
        f"{words[0].upper()}{words[1:]}." if name in queue.BEYOND else f"{name}: {words}."
        for name, words in known.items()
    ]
    return [*([f"{engine_settings.FOREIGN}."] if engine_settings.foreign(results) else []), *texts]
