"""What lies at a path that a person named: the names of its files, how its tables begin, and a few files' content."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from vitcore.data.storage.archives import entries, is_archive
from vitcore.data.storage.inventory import hidden, inventory
from vitcore.data.storage.regular import open_regular, read_regular
from vitcore.errors import UserError

TABLES = (".csv", ".tsv")
MOST_TABLES = 50  # whose beginnings are looked at
HEAD = 2**20  # bytes of a table's beginning: the names of a hundred thousand columns
LARGEST_FILE = 2**32  # bytes of a table, an array or a shard


@dataclass(frozen=True)
class Lying:
    """The files at a place: a folder, an archive, or the folder of the one file `given`."""

    place: Path
    names: tuple[str, ...]  # below the place, hidden ones left out
    heads: dict[str, str] = field(default_factory=dict)  # of the tables, their first bytes as text
    given: str = ""

    def ending(self, *endings: str) -> list[str]:
        """Of the files that are meant those with one of these endings, in order of their names."""
        meant = [self.given] if self.given else self.names
        return sorted(name for name in meant if name.lower().endswith(endings))

    def content(self, *names: str) -> dict[str, bytes]:
        """What is in these files.

        Raises:
            UserError: one is too large, no regular file, or not to be read.
        """
        found = _content(self.place, set(names))
        missing = next((name for name in names if name not in found), None)
        if missing is not None:
            raise UserError(f"{self.place} no longer holds {missing}; leave it as it is while it is read")
        return found


def lying(place: Path) -> Lying:
    """What lies there; looked at anew whenever a file comes, goes or is written.

    Raises:
        UserError: an archive that is damaged or hostile, a folder that cannot be looked into.
    """
    return _lying(place, inventory([place]))


@lru_cache(maxsize=8)
def _lying(place: Path, _: str) -> Lying:
    if place.is_dir() or is_archive(place):
        names: list[str] = []
        heads: dict[str, str] = {}
        for entry in entries(place):
            if any(hidden(part) for part in PurePosixPath(entry.name).parts):
                continue
            names.append(entry.name)
            if entry.name.lower().endswith(TABLES) and len(heads) < MOST_TABLES:
                head = _head(place / entry.name) if place.is_dir() else entry.content()[:HEAD]
                heads[entry.name] = head.decode("utf-8-sig", "replace")
        return Lying(place, tuple(names), heads)
    head = _head(place)
    is_table = place.name.lower().endswith(TABLES)
    text = {place.name: head.decode("utf-8-sig", "replace")} if is_table else {}
    return Lying(place.parent, (place.name,), text, place.name)


def _head(path: Path) -> bytes:
    try:
        with open_regular(path, LARGEST_FILE) as file:
            return file.read(HEAD)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}); allow it, or put it back") from error


def _content(place: Path, names: Set[str]) -> dict[str, bytes]:
    if not place.is_dir():
        return {entry.name: entry.content() for entry in entries(place) if entry.name in names}
    try:
        return {name: read_regular(place / name, LARGEST_FILE) for name in names}
    except OSError as error:
        raise UserError(f"{error.filename or place} cannot be read ({error.strerror or error}); put it back") from error
