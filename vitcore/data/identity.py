"""Which data a run has seen, in a few words that are kept with it; and what is different about them now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vitcore.errors import UserError

if TYPE_CHECKING:
    from vitcore.data.load import Images

NAMED = 5  # classes in a sentence


def identity(images: Images) -> dict[str, Any]:
    """The classes in order; of each split its number of images and the digest of these, in order, and their labels."""
    splits = {"train": images.train, "test": images.test} | ({"val": images.val} if images.val else {})
    return {
        "classes": list(images.classes),
        "rows": {name: len(split.labels) for name, split in splits.items()},
        "digests": {name: split.digest for name, split in splits.items()},
    }


def digest(images: Images) -> str:
    """Twelve hexadecimal digits that differ where the data do, wherever and in whatever form they lie."""
    return digest_of(identity(images))


def digest_of(known: Mapping[str, Any]) -> str:
    """The digest of data that `identity` has told of, which may have been stored since."""
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:12]


def majority(images: Images) -> tuple[int, float]:
    """The class of most training images, and the error in percent of always answering it to the test images."""
    largest = int(images.train.labels.bincount().argmax())
    return largest, 100 * float((images.test.labels != largest).double().mean())


def refuse_others(then: Any, images: Images, name: str) -> None:
    """Nothing, where the data are those of `then`, which `identity` once told and a file has kept since.

    Raises:
        UserError: they are others; it says what has changed.
    """
    try:
        found = changes(then, identity(images))
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError("the checkpoint does not say which data it is of; start the run anew") from error
    if found:
        raise UserError(
            f"the data of {name} are no longer those that this run began on: {'; '.join(found)}; put them back as they "
            "were and resume, or start the run anew"
        )


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is different about data, as `identity` told of them then and now, in parts of a sentence; none: the same."""
    found = _classes(then["classes"], now["classes"])
    for split, rows in now["rows"].items():
        before, verb = then["rows"].get(split), "validate" if split == "val" else split
        if rows != before:
            found.append(f"there are {rows:,} images to {verb} on where there were {before or 0:,}")
        elif not found and now["digests"][split] != then["digests"].get(split):
            found.append(f"of the {rows:,} images to {verb} on some are others, or have another label or order")
    return found


def _classes(then: Sequence[str], now: Sequence[str]) -> list[str]:
    gone, new = ([name for name in first if name not in set(second)] for first, second in ((then, now), (now, then)))
    if gone and len(gone) == len(new):
        return [f"the {_named(gone)} {'are' if len(gone) > 1 else 'is'} now called {_listed(new)}"]
    found = []
    if new:
        found.append(f"the {_named(new)} {'have' if len(new) > 1 else 'has'} been added")
    if gone:
        found.append(f"the {_named(gone)} {'are' if len(gone) > 1 else 'is'} gone")
    if not found and list(then) != list(now):
        found.append("the classes are in another order")
    return found


def _named(classes: Sequence[str]) -> str:
    return f"class{'es' * (len(classes) > 1)} {_listed(classes)}"


def _listed(classes: Sequence[str]) -> str:
    more = len(classes) - NAMED
    return ", ".join(repr(name) for name in classes[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
