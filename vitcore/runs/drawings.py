"""A person's own test set: drawings with their true labels in results/drawings/, and what each run made of them.

One folder for all datasets of the same classes, so that a drawn digit asks models of every handwriting: images as
PNG, labels as append-only JSON lines. What a run made of them lies in its own folder, with the edition that it was
asked about.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vitcore import aliases
from vitcore.data.registry import DATASETS
from vitcore.data.storage.decode import upright
from vitcore.errors import UserError
from vitcore.runs import locks
from vitcore.runs.folder import FORMAT, Results, RunFolder, read_json, reason, write_json
from vitcore.runs.journal import Journal, read

if TYPE_CHECKING:
    from PIL import Image

LARGEST = 512  # pixels of a kept image's longer side
MOST = 1_000  # drawings of one kind
_PATIENCE = 10.0  # seconds that one writer waits for another
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Drawing:
    """One kept image and the class that it shows."""

    id: str
    label: str
    path: Path


@dataclass(frozen=True)
class Score:
    """How many of an edition of the drawings a run predicted correctly."""

    right: int
    of: int
    version: str


def label_set(dataset: str) -> str | None:
    """Where a dataset's drawings lie: under the first dataset of the same classes; None for one's own folder."""
    known = DATASETS.get(dataset)
    if known is None or not known.classes:
        return None
    return next(name for name, other in DATASETS.items() if (other.made, other.classes) == (known.made, known.classes))


def save(results: Results, label_set: str, image: Image.Image, label: str) -> Drawing:
    """Keeps an image under its true class.

    Raises:
        UserError: no such class, a thousand are kept, or the folder cannot be written.
    """
    classes = DATASETS[label_set].classes
    if label not in classes:
        raise UserError(
            f"{label[:60]!r} is no class of {DATASETS[label_set].label}; there are {', '.join(classes[:20])}"
        )
    id, folder = secrets.token_hex(8), _folder(results, label_set)
    path = folder / f"{id}.png"
    draft = folder / f".{id}.png"
    small = upright(image).convert("L" if DATASETS[label_set].channels == 1 else "RGB")
    small.thumbnail((LARGEST, LARGEST))
    try:
        with _alone(results):  # counted within the lock: two who save the last one at once do not both
            if len(stored(results, label_set)) >= MOST:
                raise UserError(f"{MOST:,} drawings are kept already; delete some first")
            folder.mkdir(parents=True, exist_ok=True)
            small.save(draft, format="PNG")
            os.replace(draft, path)  # the image first: a label never stands without one
            _say(results, label_set, {"id": id, "label": label, "at": round(time.time(), 3)})
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UserError(f"the drawing cannot be kept in {folder}: {reason(error)}") from None
    return Drawing(id, label, path)


def delete(results: Results, label_set: str, id: str) -> None:
    """Takes one drawing out, for good; nothing happens where it is gone already.

    Raises:
        UserError: the id could not be one, or the drawings cannot be written.
    """
    if _ID.fullmatch(id) is None:
        raise UserError(f"{id[:60]!r} is no drawing's id")
    try:
        with _alone(results):
            _say(results, label_set, {"id": id, "deleted": True})
        (_folder(results, label_set) / f"{id}.png").unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"the drawing cannot be deleted: {reason(error)}") from None


def stored(results: Results, label_set: str) -> list[Drawing]:
    """What is kept, oldest first.

    Raises:
        UserError: it cannot be read.
    """
    folder, found = _folder(results, label_set), dict[str, Drawing]()
    try:
        lines, _ = read(folder / "labels.jsonl")
    except OSError as error:
        raise UserError(f"the drawings in {folder} cannot be read: {reason(error)}") from None
    except UserError as user_error:
        raise UserError(f"the drawings cannot be read: {user_error}") from None
    for line in lines:
        id, label = line.get("id"), line.get("label")
        if not isinstance(id, str) or _ID.fullmatch(id) is None:
            continue
        if line.get("deleted"):
            found.pop(id, None)
        elif isinstance(label, str) and label in DATASETS[label_set].classes:
            found[id] = Drawing(id, str(label), folder / f"{id}.png")
    return [value for value in found.values() if os.path.isfile(value.path)]


def version(drawings: Sequence[Drawing]) -> str:
    """What changes when drawings come or go."""
    return hashlib.sha256("".join(drawing.id for drawing in drawings).encode()).hexdigest()[:12]


def score(run: RunFolder) -> Score | None:
    """What the run made of the drawings when it was last asked; None where it never was, or the file is broken."""
    found = read_json(run.drawings) or {}
    right, of, which = found.get("right"), found.get("of"), aliases.value(found, "version")
    if not (type(right) is int and type(of) is int and isinstance(which, str) and 0 <= right <= of < 2**31):
        return None
    return Score(right, of, which[:64])


def save_score(run: RunFolder, found: Score) -> None:
    """Keeps it beside the run's annotations. Raises UserError where the folder cannot be written."""
    try:
        write_json(run.drawings, {"v": FORMAT, "right": found.right, "of": found.of, "version": found.version})
    except OSError as error:
        raise UserError(f"what run {run.id} made of the drawings cannot be kept: {reason(error)}") from None


def _folder(results: Results, label_set: str) -> Path:
    return results.root / "drawings" / label_set


def _alone(results: Results) -> AbstractContextManager[None]:
    """While nobody else changes drawings."""
    busy = "another process is changing the drawings; try again"
    return locks.turn(results.shared_locks / "drawings.lock", busy, "the drawings cannot be changed", _PATIENCE)


def _say(results: Results, label_set: str, line: dict[str, object]) -> None:
    """One line more; for whom has the drawings alone."""
    journal = Journal(_folder(results, label_set) / "labels.jsonl")
    try:
        journal.append(line)
    finally:
        journal.close()
