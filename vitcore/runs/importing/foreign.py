"""A run as its files tell of it, before it is stored: metrics by the names and steps of the program that trained it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_RUNS = 10_000
MOST_VALUES = 5_000_000  # of one run
_LATEST = 4e9  # unix seconds; what lies beyond is no time of a run


@dataclass
class ForeignRun:
    """One run.

    Attributes:
        origin: the form it was read from, as Compare shows it.
        source: what tells it from every other, so that it is known when it comes again.
        name: what it is called there.
        metrics: by their own names, of each step the value that was told last.
        times: unix seconds by step, as far as they are known.
        parameters: the settings that it was given.
        status, reason: how it ended, one of events.ENDINGS.
        started, ended: in unix seconds, where they are known.
        final: whether its metrics are those of its end, with no step.
    """

    origin: str
    source: str
    name: str
    metrics: dict[str, dict[int, float]] = field(default_factory=dict)
    times: dict[int, float] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    status: str = "finished"
    reason: str = ""
    started: float | None = None
    ended: float | None = None
    final: bool = False
    _values: int = 0

    def tell(self, name: str, step: int, value: float, at: float | None = None) -> bool:
        """A metric's value at a step; False where there are more than a run may have."""
        if self._values >= MOST_VALUES:
            return False
        self._values += 1
        self.metrics.setdefault(name, {})[step] = value
        if at is not None:
            self.times[step] = at
        return True


@dataclass
class Found:
    """What was read: the runs, and a sentence about each thing that was not understood."""

    runs: list[ForeignRun] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)

    def __iadd__(self, other: Found) -> Found:
        self.runs += other.runs
        self.sentences += other.sentences
        return self


def moment(value: object, per_second: float = 1.0) -> float | None:
    """A time in unix seconds, where it can be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = value / per_second
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) and 0 < seconds < _LATEST else None


def plain(text: str) -> bool | int | float | str:
    """A text as the value that it spells: 0.001, 64, True; itself where it spells none."""
    word = text.strip()
    if word in ("True", "true", "False", "false"):
        return word.lower() == "true"
    for kind in (int, float):
        try:
            found = kind(word) if len(word) < 40 and "_" not in word else text
        except ValueError:
            continue
        return found if not isinstance(found, float) or math.isfinite(found) else text
    return text


def digest(parts: Iterable[object]) -> str:
    """Sixteen hexadecimal digits of what tells a run from others."""
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def listed(names: Sequence[str] | Mapping[str, Any], most: int = 8) -> str:
    """A few names for a sentence, and how many more; what cannot be seen in them is left out."""
    shown = ["".join(sign if sign.isprintable() else "?" for sign in name[:60]) for name in list(names)[:most]]
    return ", ".join(shown) + (f" and {len(names) - most:,} more" if len(names) > most else "")
