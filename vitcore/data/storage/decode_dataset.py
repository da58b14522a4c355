"""A dataset decoded into its copy, without what cannot be read where that is wished; and what is told of it."""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitcore.data.readers.found import left_out
from vitcore.data.registry import Dataset
from vitcore.data.storage.decode_all import Broken
from vitcore.data.storage.decoded import CROP, SPLITS, Arrays, Writer
from vitcore.data.storage.regular import read_regular

if TYPE_CHECKING:
    from vitcore.data.storage.download import Progress

MESSAGES = "told.json"  # beside the arrays: to tell it anew, an archive would have to be read anew
WITHOUT = "-without-broken"
LARGEST = 2**20


def sources(folder: Path, skip_broken: bool) -> list[Path]:
    """Where copies may be: one of all images serves also where broken ones would be left out."""
    return [folder, folder.with_name(folder.name + WITHOUT)] if skip_broken else [folder]


def read(
    reader: Any,
    dataset: Dataset,
    found: list[Path],
    image_size: int,
    into: Path,
    progress: Progress | None,
    skip_broken: bool,
    splits: tuple[str, ...] = SPLITS,
    resize: str = CROP,
) -> tuple[Arrays, tuple[str, ...]]:
    """Decode it into `into`, or, without what cannot be read, into a folder beside it.

    Raises:
        Broken: images that cannot be read, and they are not to be left out.
        UserError: whatever else the reader refuses.
    """
    try:
        arrays, notes = _read(reader, dataset, found, image_size, into, progress, {}, splits, resize)
    except Broken as error:
        if not skip_broken or error.all:
            raise
        broken = error.splits
    else:
        return arrays, _keep(into, notes)
    into = sources(into, skip_broken)[-1]
    arrays, notes = _read(reader, dataset, found, image_size, into, progress, broken, splits, resize)
    return arrays, _keep(into, (*notes, left_out(broken)))


def notes_of(copy: Path, reader: Any, dataset: Dataset, found: list[Path]) -> tuple[str, ...] | None:
    """What was told when the copy was made, told anew where that is lost; None where that cannot be."""
    try:
        texts = json.loads(read_regular(copy / MESSAGES, LARGEST))
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            return tuple(texts)
    except (OSError, ValueError, RecursionError):
        pass  # lost, or never kept
    if copy.name.removesuffix(WITHOUT) != copy.name or copy.name.endswith("-validated"):
        return None  # only decoding tells which images are broken, and what is told of a split of its own
    return reader.notes(dataset, found) if hasattr(reader, "notes") else ()


def _read(
    reader: Any,
    dataset: Dataset,
    found: list[Path],
    image_size: int,
    into: Path,
    progress: Progress | None,
    broken: dict[str, str],
    splits: tuple[str, ...],
    resize: str,
) -> tuple[Arrays, tuple[str, ...]]:
    writer = Writer(into, dataset.channels, image_size, splits, resize)
    writer.without = frozenset(broken)
    try:
        arrays: Arrays = reader.read(dataset, found, image_size, writer, progress)
        return arrays, writer.notes
    except BaseException:
        writer.abandon()
        raise


def _keep(copy: Path, notes: tuple[str, ...]) -> tuple[str, ...]:
    draft = copy / f".{MESSAGES}.{uuid.uuid4().hex[:8]}"
    with suppress(OSError):  # a full disk: it is told anew next time
        draft.write_text(json.dumps(notes), encoding="utf-8")
        os.replace(draft, copy / MESSAGES)
    return notes
