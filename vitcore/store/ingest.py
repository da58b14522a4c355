"""A run's folder into the index's rows: its card, its annotations, and its journal from where it was last left."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vitcore import aliases, untrusted
from vitcore.errors import UserError
from vitcore.runs import annotations as remarks
from vitcore.runs import drawings, elsewhere, files, journal, locks, queue, seal, status
from vitcore.runs.elsewhere import Elsewhere
from vitcore.runs.fold import Fold, Row
from vitcore.runs.folder import RunFolder
from vitcore.spec import RunSpec, SpecField, fields

UNSETTLED = -2  # in the place of a folder's time: no look finds it so
_SETTLED_NS = 1_000_000_000  # a folder's time is coarse: one touched this lately may be touched again unseen


@dataclass(frozen=True)
class Cursor:
    """How a run's files were when they were last read."""

    status: str
    events_size: int
    events_changed: int
    folder_changed: int
    row: Row | None = None  # of a run that trains, as it is in the table: it changes every second


@dataclass
class RunUpdate:
    """What was read of one run: its whole row, and the epochs and notes that are new."""

    row: Row
    epochs: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    anew: bool  # nothing that was known of its epochs and notes counts any more
    floor: int | None = None  # nor, of its epochs, those above this: a resumed run tells them anew

    def differs(self, known: Row | None) -> bool:
        """Whether there is anything in it that the index does not have."""
        return self.anew or {**self.row, "folder_changed": 0} != {**(known or {}), "folder_changed": 0}

    def cursor(self) -> Cursor:
        """How far a run is read, by which the next look tells whether there is more."""
        row = self.row
        stat = row["events_size"], row["events_changed"], row["folder_changed"]
        return Cursor(row["status"], *stat, row=row if row["status"] == "running" else None)


def stat(folder: str) -> tuple[int, int, int]:
    """The size and time of the journal, and the folder's time, -1 where it is too fresh to be relied on.

    Plain strings, since this is done for every run at every poll.

    Raises:
        FileNotFoundError: the folder is gone.
    """
    try:
        folder_changed = os.stat(folder).st_mtime_ns
    except FileNotFoundError:
        raise
    except OSError:  # a link in a circle: `read` says so
        return -1, -1, -1
    try:
        found = os.stat(f"{folder}{os.sep}events.jsonl")
        events = found.st_size, found.st_mtime_ns
    except OSError:  # none yet; or it may not be looked at
        events = -1, -1
    return *events, folder_changed if folder_changed < time.time_ns() - _SETTLED_NS else -1


def read(folder: RunFolder, stat: tuple[int, int, int], row: Row | None) -> RunUpdate:
    """Brings a run's row up to date; `row` is what is known of it, `seen` what `look` has just told.

    A run whose files cannot be read has a row too, with the reason; it is read again at every look, since a right
    that is granted leaves no trace in the times that are looked at.
    """
    size, changed, folder_changed = stat
    row = None if row is None else dict(row)
    rewritten = row is not None and (
        max(size, 0) < row["events_read"] or (size == row["events_size"] and changed != row["events_changed"])
    )
    anew = row is None or rewritten
    if row is None or rewritten:
        row = {"id": folder.id, "events_read": 0}
    signs = status.signs(folder)
    trouble = files.trouble(folder.path) or (None if signs.alive else locks.trouble(folder.alive))
    lines: Iterable[dict[str, Any]]
    try:
        lines, row["events_read"] = journal.stream(folder.events, row["events_read"])
    except (OSError, UserError) as error:
        anew = anew or row["events_read"] > 0
        lines, row = (), row if not anew else {"id": folder.id, "events_read": 0}
        if isinstance(error, UserError):
            trouble = trouble or str(error).replace(str(folder.events), folder.events.name)
    fold = Fold(row).take_all(
        lines
    )  # parsed one by one, of each only its row: a journal may be made to fill the memory
    row = fold.row
    _card(row, folder, trouble)
    row.update(events_size=size, events_changed=changed, folder_changed=UNSETTLED if trouble else folder_changed)
    row["status"] = status.of(signs, row)
    if row["status"] == "interrupted" and row.get("ending") is None:
        row["reason"] = status.LOST if row["origin"] is None else elsewhere.LOST
    foreign = row["status"] == "queued" and not queue.is_own(folder)
    row["reason"] = seal.FOREIGN if foreign else row.get("reason") if row.get("reason") != seal.FOREIGN else None
    epochs = [{"run_id": folder.id, **found} for found in fold.attempts.lines.values()]
    notes = [{"run_id": folder.id, **found} for found in fold.notes]
    return RunUpdate(row, epochs, notes, anew, fold.attempts.floor)


def _card(row: dict[str, Any], folder: RunFolder, trouble: str | None) -> None:
    """The spec's columns; those of a spec that is no longer valid as far as they can be read, and what is wrong."""
    remark = remarks.read(folder)
    row.update(tags=list(remark.tags), note=untrusted.text(remark.note), color=remark.color)
    read = drawings.score(folder)
    row.update(
        drawings_right=read.right if read else None,
        drawings_of=read.of if read else None,
        drawings_version=untrusted.text(read.version) if read else None,
    )
    problem = None
    row.update(origin=None, logged_parameters=None)
    try:
        card = folder.card()
        row["created"] = untrusted.time(card.get("created"))
        row.update(_raw(card["spec"]))
        found = elsewhere.of_card(card)
        if found is not None:
            row.update(_elsewhere(found))
            if not elsewhere.has_spec(card):
                row.update(found.options(), title=remark.name or found.name or folder.id, fingerprint=None)
                row["card_problem"] = untrusted.text(trouble)
                return
        spec = RunSpec.parse(card["spec"])
        fingerprint = spec.fingerprint(row.get("data_digest"))
        title = remark.name or (found.name if found else "") or spec.title()
        row.update(spec.flat(), title=title, fingerprint=fingerprint)
    except UserError as error:
        problem = untrusted.text(str(error))
        row.update(title=remark.name or row.get("name") or folder.id, fingerprint=None)
    row["card_problem"] = untrusted.text(trouble) or problem


def _elsewhere(found: Elsewhere) -> Row:
    """Where a run that another program trained comes from, and what that said of its settings."""
    parameters = json.dumps(dict(found.parameters), ensure_ascii=False) if found.parameters else None
    return {"origin": found.origin, "logged_parameters": untrusted.text(parameters)}


def _raw(spec: dict[str, Any]) -> dict[str, Any]:
    now = {
        name: aliases.current(part) if isinstance(part, dict) else part for name, part in aliases.current(spec).items()
    }
    return {field.name: _leaf(now, field) for field in fields()}


def _leaf(spec: dict[str, Any], field: SpecField) -> Any:
    value: Any = spec
    for part in field.path:
        value = value.get(part) if isinstance(value, dict) else None
    if field.kind is bool:
        return value if isinstance(value, bool) else None
    return {int: untrusted.whole, float: untrusted.number, str: untrusted.text}[field.kind](value)
