"""What a run's events come to: its row, the epochs that count, its notes. The one fold, for every reader.

The index, the command line's follower, a notebook's bar and the queue all take lines in here; nothing in a line is
trusted.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from vitcore import aliases, events, untrusted
from vitcore.runs.attempts import Attempts
from vitcore.runs.folder import FORMAT

MOST_EPOCHS = 10_000  # as a spec may ask for
MOST_NOTES = 10_000  # of a run; those beyond are not shown
Row = dict[str, Any]
"""Values by the columns of a table."""

_OLDER = {new: old for old, new in aliases.EVENTS.items()}
_READERS: dict[type, Callable[[object], Any]] = {
    int: untrusted.whole,
    float: untrusted.number,
    str: untrusted.text,
    tuple: untrusted.texts,
}


class Fold:
    """A run's events, taken in line by line.

    Attributes:
        row: the columns of the table of runs that events fill.
        attempts: the rows of the epochs that count, of those taken in here.
        notes: the rows of the notes.
    """

    def __init__(self, row: Mapping[str, Any] | None = None) -> None:
        self.row: Row = dict(row or {})
        self.attempts = Attempts()
        self.notes: list[Row] = []

    def take(self, line: Mapping[str, Any]) -> None:
        """One event more; what is of another kind, or makes no sense, changes nothing."""
        if newer(line):
            self.row["problem"] = (
                f"its journal has lines of format {line['v']}, written by a newer vitcore; this one reads up to "
                f"{FORMAT}"
            )
            return
        event, row = line.get("event"), self.row
        if event == "taken":
            row.update(ending=None, reason=None, ended=None, heartbeat=None, **read(events.Taken, line))
        elif event == "heartbeat":
            row.update(read(events.Heartbeat, line))
        elif event == "started":
            row.update(
                ending=None, reason=None, ended=None, started=row.get("started") or untrusted.time(line.get("at"))
            )
            row.update(dict.fromkeys(_of_an_attempt()))  # told by the attempt before, and no longer so
            row.update(read(events.Started, line))
            self.attempts.take(line)
        elif event == "progress":
            row.update(read(events.Progress, line))
        elif event == "epoch":
            found = read(events.Epoch, line)
            if found["epoch"] is not None and 1 <= found["epoch"] <= MOST_EPOCHS:
                found["at"] = untrusted.time(line.get("at"))
                self.attempts.take(found)
        elif event == "note":
            found = read(events.Note, line)
            if found["text"] is not None and len(self.notes) < MOST_NOTES:
                self.notes.append(
                    {"seq": untrusted.whole(line.get("seq")), "at": untrusted.time(line.get("at")), **found}
                )
        elif event == "ended" and line.get("status") in events.ENDINGS:
            row.update(read(events.Ended, line), ended=untrusted.time(line.get("at")))

    def take_all(self, lines: Iterable[Mapping[str, Any]]) -> Fold:
        """Takes every line in, in order; the fold itself, for one expression."""
        for line in lines:
            self.take(line)
        return self

    @property
    def ending(self) -> str | None:
        """The status that the events close with; None: they are open."""
        found: str | None = self.row.get("ending")
        return found

    @property
    def epochs_done(self) -> int:
        """The last epoch that counts; 0 before the first."""
        return next(reversed(self.attempts.lines), 0)

    def latest(self, name: str) -> Any:
        """A metric as it was last told: now, of the epochs that count, or of the ending; None: it never was."""
        column = next((each.column for each in events.fields(events.Progress) if each.name == name), None)
        now = self.row.get(column) if column and self.ending is None else None
        if now is not None:
            return now
        values = (row.get(name) for row in reversed(self.attempts.lines.values()))
        return next((value for value in values if value is not None), self.row.get(f"end_{name}"))

    def best(self, name: str) -> Any:
        """Of the earliest epoch of least validation error: best_epoch, val_error_best or test_error_best."""
        values = self.row.get(f"end_{name}")
        if values is not None or name == "test_error_best":
            return values
        values = [(row.get("val_error"), row["epoch"]) for row in self.attempts.lines.values()]
        known = [(error, epoch) for error, epoch in values if error is not None and math.isfinite(error)]
        error, epoch = min(known, default=(None, None))
        return epoch if name == "best_epoch" else error

    def progress(self, epochs: int | None = None) -> float:
        """Share of the run that is done, from 0 to 1; `epochs`: how many were asked for, where that is known."""
        if self.ending == "finished":
            return 1.0
        return max(_share(self.epochs_done, epochs), _share(self.row.get("step"), self.row.get("steps")))


class _Place(NamedTuple):
    """Where a field of a line goes, and what makes of its value what the column holds."""

    column: str
    reader: Callable[[object], Any]


@dataclass(frozen=True)
class _Plan:
    """How lines of a kind are read: by the names in a line, since it holds few of those that it might."""

    blank: Row
    places: Mapping[str, _Place]
    older: Mapping[str, str]  # a name of format 1 to today's
    within: tuple[tuple[tuple[str, ...], str, _Place], ...]  # parts of a line, a name in there


@functools.cache
def _plan(kind: type) -> _Plan:
    known = [each for each in events.fields(kind) if each.column is not None]
    placed = [(each, _Place(str(each.column), _READERS[each.kind])) for each in known]
    direct = {each.name: place for each, place in placed if len(each.path) == 1}
    return _Plan(
        blank={str(each.column): None for each in known},
        places=direct,
        older={old: new for old, new in aliases.EVENTS.items() if new in direct},
        within=tuple((each.path[:-1], each.name, place) for each, place in placed if len(each.path) > 1),
    )


def read(kind: type, line: Mapping[str, Any]) -> Row:
    """A line's values by their columns; None where there is none, or it is not of the field's type."""
    plan = _plan(kind)
    found, places = plan.blank.copy(), plan.places
    for name, value in line.items():
        place = places.get(name)
        if place is not None:
            found[place[0]] = place[1](value)
    for older, name in plan.older.items():
        if older in line and name not in line:
            place = places[name]
            found[place.column] = place.reader(line[older])
    for path, name, place in plan.within:
        part = _within(line, path)
        found[place.column] = place.reader(part.get(name, part.get(_OLDER.get(name, name))))
    return found


def newer(line: Mapping[str, Any]) -> bool:
    """Whether a later vitcore wrote the line, so that it may mean something else."""
    version = line.get("v")
    return isinstance(version, int) and version > FORMAT


def _within(line: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for name in path:
        found = line.get(name)
        line = found if isinstance(found, dict) else {}
    return line


@functools.cache
def _of_an_attempt() -> tuple[str, ...]:
    """Columns of progress and of the ending."""
    kinds = (events.Progress, events.Ended)
    return tuple(each.column for kind in kinds for each in events.fields(kind) if each.column is not None)


def _share(done: float | None, of: float | None) -> float:
    if done is None or of is None or not math.isfinite(done) or not math.isfinite(of):
        return 0.0
    return min(1.0, max(0.0, done / max(1.0, of)))
