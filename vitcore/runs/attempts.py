"""What counts of a journal whose run was resumed: a new attempt withdraws what the one before told beyond its start.

Journals only grow, so every reader folds them by `Attempts`: a `started` line goes on from `resumed_from`, and a number
that is told again takes the place of all from it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vitcore.errors import UserError
from vitcore.runs import journal
from vitcore.runs.folder import RunFolder

_STEP = "step"
_COUNTED = ("event", "epoch", "resumed_from")


class Attempts:
    """The lines that count of those taken so far, by number; in the order of the numbers.

    Attributes:
        lines: the last attempt's line of each number, and earlier attempts' up to where it went on.
        floor: what an earlier reader of the same journal holds of higher numbers counts no more; None: all of it does.
        told: every number that was ever told.
    """

    def __init__(self, number: str = "epoch") -> None:
        self.lines: dict[int, Mapping[str, Any]] = {}
        self.floor: int | None = None
        self.notes: set[int] = set()
        self._number = number

    def take(self, line: Mapping[str, Any]) -> None:
        """One line more: the start of an attempt, one with a number, or none of this journal's business."""
        if line.get("event") == "started":
            start = _start(line, self._number)
            if start is not None:
                self._withdraw(start)
            return
        number = _whole(line.get(self._number))
        if number is not None:
            self._withdraw(number - 1)
            self.lines[number] = line
            self.notes.add(number)

    def take_all(self, lines: Iterable[Mapping[str, Any]]) -> Attempts:
        """Take lines in the order in which they were written; itself."""
        for line in lines:
            self.take(line)
        return self

    @property
    def withdrawn(self) -> set[int]:
        """The numbers that were told and count no more."""
        return self.notes - self.lines.keys()

    def _withdraw(self, floor: int) -> None:
        self.floor = floor if self.floor is None else min(self.floor, floor)
        if self.lines and next(reversed(self.lines)) > floor:  # ascending, so the last is the highest
            self.lines = {number: line for number, line in self.lines.items() if number <= floor}


def withdrawn(run: RunFolder) -> set[int]:
    """The epochs that a run has told and that count no more, since it went on from before them."""
    try:
        lines, _ = journal.stream(run.events)
    except (OSError, UserError):  # the run's row says why
        return set()
    begun = (line for line in lines if line.get("event") in ("started", "epoch"))
    return Attempts().take_all({name: line.get(name) for name in _COUNTED} for line in begun).withdrawn


def _start(line: Mapping[str, Any], number: str) -> int | None:
    """The last number that still counts; None where the line does not tell."""
    return _whole(line.get("resumed_step" if number == _STEP else "resumed_from"))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None
