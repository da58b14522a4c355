"""What a person adds to a run afterwards: tags, a note and another name, in <run>/annotations.json."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from vitcore.errors import UserError
from vitcore.runs import locks
from vitcore.runs.folder import FORMAT, RunFolder, read_json, write_json
from vitcore.spec import printable

COLORS = 8  # that can be chosen: those of the palette (figures.style)
_NOTE_LETTERS = 10_000
_PATIENCE = 10.0  # seconds that one writer waits for another


@dataclass(frozen=True)
class Annotations:
    """A run's tags, sorted, its note, and the name it was given in place of its spec's; empty: none.

    Attributes:
        color: the place in the palette that a person has chosen for it, from 0; None: the pages choose.
    """

    tags: tuple[str, ...] = ()
    note: str = ""
    name: str = ""
    color: int | None = None


def read(folder: RunFolder) -> Annotations:
    """The annotations; none where there are none or the file is broken."""
    found = read_json(folder.annotations) or {}
    tags, note, name, color = (found.get(key) for key in ("tags", "note", "name", "color"))
    stored = [tag for tag in tags if isinstance(tag, str) and tag and _fits(tag)] if isinstance(tags, list) else []
    return Annotations(
        tuple(sorted(set(stored))),
        # half a surrogate pair could be neither shown nor stored
        note[:_NOTE_LETTERS].encode("utf-8", "replace").decode() if isinstance(note, str) else "",
        name if isinstance(name, str) and _fits(name) else "",
        color if type(color) is int and 0 <= color < COLORS else None,
    )


def title(folder: RunFolder) -> str:
    """What a run is called: the name it was given afterwards, else its spec's or that of the program that trained it.

    Raises UserError as its spec does.
    """
    if name := read(folder).name:
        return name
    found = folder.elsewhere()
    return found.name if found and found.name else folder.spec().title()


def write(
    folder: RunFolder, tags: Iterable[str] | None = None, note: str | None = None, name: str | None = None
) -> Annotations:
    """Replaces the tags, the note, the name; what is None stays as the last of several writers left it, an empty name
    is the spec's again.

    Raises:
        UserError: a tag or the name holds what cannot be seen or is too long, or the note is.
    """

    def change(old: Annotations) -> Annotations:
        return replace(
            old,
            tags=old.tags if tags is None else tuple(sorted(set(tags))),
            note=old.note if note is None else note,
            name=old.name if name is None else name,
        )

    return amend(folder, change)


def amend(folder: RunFolder, change: Callable[[Annotations], Annotations]) -> Annotations:
    """Replaces the annotations by what `change` makes of them; two writers do not undo one another.

    Raises:
        UserError: as `write`, or another process holds them for too long.
    """
    busy = f"run {folder.id} is being annotated by another process; try again"
    failed = f"run {folder.id} cannot be annotated"
    with locks.turn(folder.path / ".annotations.lock", busy, failed, _PATIENCE):
        new = change(read(folder))
        _check(new)
        data = {"v": FORMAT, "tags": list(new.tags), "note": new.note, "name": new.name}
        write_json(folder.annotations, data if new.color is None else {**data, "color": new.color})
        return new


def _check(new: Annotations) -> None:
    try:
        for tag in new.tags:
            printable.checked(tag, "a tag")
        printable.checked(new.name, "a name")
    except ValueError as error:
        raise UserError(str(error)) from None
    if new.color is not None and not 0 <= new.color < COLORS:
        raise UserError(f"there is no color {new.color}; there are those from 0 to {COLORS - 1}")
    if "" in new.tags:
        raise UserError("a tag of no signs cannot be seen; give it at least one")
    if len(new.note) > _NOTE_LETTERS:
        raise UserError(f"a note of {len(new.note):,} letters is too long; {_NOTE_LETTERS:,} is the most")


def _fits(text: str) -> bool:
    try:
        return bool(printable.checked(text, "it")) or not text
    except ValueError:
        return False
