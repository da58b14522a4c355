"""Many images decoded at once, on all cores, into the places that a plan gives them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitcore.data.readers.found import shown
from vitcore.data.storage import decode as decoding
from vitcore.data.storage.archives import Entry, entries
from vitcore.data.storage.decode import Decoded
from vitcore.data.storage.decoded import Writer, stamp
from vitcore.data.storage.download import Progress
from vitcore.errors import UserError

TASK = 64  # images handed to a thread at once: one by one they would wait for one another
NAMED = 10  # broken images in a sentence
LEAVE_OUT = "or leave {} out (--skip-broken; on the form: Leave out broken images)"
CHUNK = 512  # images read before they are decoded: bounds the memory, whatever the archive


@dataclass(frozen=True)
class Place:
    """Where an image goes, and what it shows."""

    split: str
    position: int
    label: int


Plan = Mapping[str, Place]  # by the name of the entry
Whole = Callable[[bytes, Path, int, int, str], Decoded]  # of content, name, image size, channels and resize


class Broken(UserError):
    """Some images cannot be read: the sentence about each, by its name in the source."""

    def __init__(self, reasons: Mapping[str, str], plan: Plan) -> None:
        self.reasons, of = dict(reasons), len(plan)
        self.splits = {name: plan[name].split for name in reasons}
        self.all = len(reasons) == of
        first = list(self.reasons.values())
        if len(first) == 1:
            super().__init__(f"{first[0]}; {LEAVE_OUT.format('it')}")
            return
        more = f" and {len(first) - NAMED:,} more" if len(first) > NAMED else ""
        super().__init__(
            f"{len(first):,} of {of:,} images cannot be read: "
            + ", ".join(shown(name) for name in list(self.reasons)[:NAMED])
            + f"{more}; the first: {first[0]}; {LEAVE_OUT.format('them')}"
        )


def planned(
    labeled: Mapping[str, Sequence[tuple[str, int]]], without: Set[str] = frozenset()
) -> tuple[dict[str, Place], dict[str, np.ndarray]]:
    """The plan, and each split's labels (n,), from each split's (name, label) in the order they shall have."""
    labeled = {split: [row for row in rows if row[0] not in without] for split, rows in labeled.items()}
    plan = {
        name: Place(split, position, label)
        for split, rows in labeled.items()
        for position, (name, label) in enumerate(rows)
    }
    labels = {split: np.array([label for _, label in rows], dtype=np.int64) for split, rows in labeled.items()}
    return plan, labels


def decode_all(
    plan: Plan,
    sources: Sequence[Path],
    writer: Writer,
    *,
    image_size: int,
    channels: int,
    label: str,
    progress: Progress | None,
    listed: Callable[[Path], Iterator[Entry]] = entries,
    whole: Whole = decoding.whole,
) -> None:
    """Decode every planned image of the sources, as `listed` has them, into `writer`.

    Args:
        whole: what makes an image of a file's bytes.

    Raises:
        Broken: images that cannot be read, all of them by name.
        UserError: a source that lacks one, by name.
    """
    done: set[str] = set()
    broken: dict[str, str] = {}
    waiting: list[tuple[Entry, bytes, Path]] = []

    def decode(task: list[tuple[Entry, bytes, Path]]) -> list[Decoded | UserError]:
        return [
            _tried(whole, content, source / entry.name, image_size, channels, writer.resize)
            for entry, content, source in task
        ]

    def write(chunk: list[tuple[Entry, bytes, Path]]) -> None:
        tasks = [chunk[i : i + TASK] for i in range(0, len(chunk), TASK)]
        for task, images in zip(tasks, pool.map(decode, tasks), strict=True):
            for (entry, content, _), image in zip(task, images, strict=True):
                place = plan[entry.name]
                done.add(entry.name)
                if isinstance(image, UserError):
                    broken[entry.name] = str(image)
                else:
                    writer.look(image.width, image.height, image.mode)
                    writer.put(place.split, place.position, image.pixels[None], [stamp(content)])
        if progress:
            progress(f"decoding {label}", len(done) / len(plan))

    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # PIL's remarks on odd but readable files
        for source in sources:
            for entry in listed(source):
                if entry.name in plan and entry.name not in done and entry.name not in broken:
                    try:
                        waiting.append((entry, entry.content(), source))
                    except UserError as error:
                        broken[entry.name] = str(error)
                if len(waiting) == CHUNK:
                    write(waiting)
                    waiting = []
            write(waiting)
            waiting = []
    if broken:
        raise Broken(dict(sorted(broken.items())), plan)
    missing = next((name for name in plan if name not in done), None)
    if missing is not None:
        raise UserError(f"{sources[0]} no longer holds {missing}; leave the images as they are while they are read")


def _tried(
    whole: Whole, content: bytes, name: Path, image_size: int, channels: int, resize: str
) -> Decoded | UserError:
    try:
        return whole(content, name, image_size, channels, resize)
    except UserError as error:
        return error
