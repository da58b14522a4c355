"""What a person adds to a run afterwards: tags and a note, in <run>/annotations.json."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from vitcore.errors import Refusal
from vitcore.runs.folder import FORMAT, RunFolder, read_json, reason, write_json

_TAG = re.compile(r"[A-Za-z0-9._-]{1,40}")
_NOTE_LETTERS = 10_000


@dataclass(frozen=True)
class Annotations:
    """A run's tags, sorted, and its note."""

    tags: tuple[str, ...] = ()
    note: str = ""


def read(folder: RunFolder) -> Annotations:
    """The annotations; none where there are none or the file is broken."""
    found = read_json(folder.annotations) or {}
    tags, note = found.get("tags"), found.get("note")
    kept = [tag for tag in tags if isinstance(tag, str) and _TAG.fullmatch(tag)] if isinstance(tags, list) else []
    said = note[:_NOTE_LETTERS].encode("utf-8", "replace").decode() if isinstance(note, str) else ""
    return Annotations(tuple(sorted(set(kept))), said)  # half a surrogate pair could be neither shown nor stored


def write(folder: RunFolder, tags: Iterable[str] | None = None, note: str | None = None) -> Annotations:
    """Replaces the tags, the note, or both; what is None stays as it is.

    Raises:
        Refusal: a tag has other signs than letters, digits, dot, dash and underscore, or the note is too long.
    """
    old = read(folder)
    new = Annotations(old.tags if tags is None else tuple(sorted(set(tags))), old.note if note is None else note)
    for tag in new.tags:
        if not _TAG.fullmatch(tag):
            raise Refusal(f"{tag[:60]!r} is no tag; a tag has 1 to 40 letters, digits, dots, dashes and underscores")
    if len(new.note) > _NOTE_LETTERS:
        raise Refusal(f"a note of {len(new.note):,} letters is too long; {_NOTE_LETTERS:,} is the most")
    try:
        write_json(folder.annotations, {"v": FORMAT, "tags": list(new.tags), "note": new.note})
    except OSError as error:
        raise Refusal(f"run {folder.id} cannot be annotated: {reason(error)}") from None
    return new
