"""Names that tell things apart: a label is for people, and two runs, rows or classes may share one."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence


def apart(names: Sequence[object], endings: Sequence[str] | None = None) -> list[str]:
    """The names in their order; those that look alike each with an ending of its own, so that no two are equal.

    What is chosen or drawn by a name is then the thing that was meant: widgets, legends and axes know an entry by its
    words alone.

    Args:
        endings: one a name, such as the last letters of an id; by default the place among all, from 1.
    """
    found = [str(name) for name in names]
    endings = [str(place) for place in range(1, len(found) + 1)] if endings is None else endings
    while True:
        known = Counter(map(_view, found))
        if all(count == 1 for count in known.values()):
            return found
        found = [
            name if known[_view(name)] == 1 else f"{name} · {ending}"
            for name, ending in zip(found, endings, strict=True)
        ]
        endings = [str(place) for place in range(1, len(found) + 1)]  # alike all the same: by their places


def _view(name: str) -> str:
    """What a reader sees of a name: one form of each letter, and white space as a browser draws it."""
    return " ".join(unicodedata.normalize("NFC", name).split())
