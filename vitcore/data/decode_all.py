"""Many pictures decoded at once, on all cores, into the places that a plan gives them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitcore.data.archives import Entry, entries
from vitcore.data.decode import decoded
from vitcore.data.decoded import Writer, stamp
from vitcore.data.download import Progress
from vitcore.errors import Refusal

TASK = 64  # pictures handed to a thread at once: one by one they would wait for one another
PORTION = 512  # pictures read before they are decoded: bounds the memory, whatever the archive


@dataclass(frozen=True)
class Place:
    """Where a picture goes, and what it shows."""

    split: str
    position: int
    label: int


Plan = Mapping[str, Place]  # by the name of the entry


def planned(labelled: Mapping[str, Sequence[tuple[str, int]]]) -> tuple[dict[str, Place], dict[str, np.ndarray]]:
    """The plan, and each split's labels (n,), from each split's (name, label) in the order they shall have."""
    plan = {
        name: Place(split, position, label)
        for split, rows in labelled.items()
        for position, (name, label) in enumerate(rows)
    }
    labels = {split: np.array([label for _, label in rows], dtype=np.int64) for split, rows in labelled.items()}
    return plan, labels


def decode_all(
    plan: Plan,
    sources: Sequence[Path],
    writer: Writer,
    *,
    side: int,
    channels: int,
    label: str,
    progress: Progress | None,
) -> None:
    """Decode every planned picture of the sources into `writer`.

    Raises:
        Refusal: a picture that cannot be read or a source that lacks one, by name.
    """
    done: set[str] = set()
    waiting: list[tuple[Entry, bytes, Path]] = []

    def decode(task: list[tuple[Entry, bytes, Path]]) -> list[np.ndarray]:
        return [decoded(content, source / entry.name, side, channels) for entry, content, source in task]

    def write(portion: list[tuple[Entry, bytes, Path]]) -> None:
        tasks = [portion[i : i + TASK] for i in range(0, len(portion), TASK)]
        for task, pictures in zip(tasks, pool.map(decode, tasks), strict=True):
            for (entry, content, _), picture in zip(task, pictures, strict=True):
                place = plan[entry.name]
                writer.put(place.split, place.position, picture[None], [stamp(content)])
                done.add(entry.name)
        if progress:
            progress(f"decoding {label}", len(done) / len(plan))

    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # PIL's remarks on odd but readable files
        for source in sources:
            for entry in entries(source):
                if entry.name in plan and entry.name not in done:
                    waiting.append((entry, entry.content(), source))
                if len(waiting) == PORTION:
                    write(waiting)
                    waiting = []
            write(waiting)
            waiting = []
    missing = next((name for name in plan if name not in done), None)
    if missing is not None:
        raise Refusal(f"{sources[0]} no longer holds {missing}; leave the pictures as they are while they are read")
