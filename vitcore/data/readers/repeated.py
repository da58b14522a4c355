"""Folders of the same names in two places: kinds within the classes, or one set of classes in two splits?

`cat/{indoor,outdoor}` beside `dog/{indoor,outdoor}` is built as `part1/{cat,dog}` beside `part2/{cat,dog}` is: nothing
but the names tells them apart. They are read as torchvision's ImageFolder reads them (the topmost folder is the class)
unless something says that the outer folders are pieces of one collection.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

# Words that name a piece of a collection, and hardly ever a class.
_PIECE = re.compile(
    r"part|fold|split|set|subset|batch|chunk|shard|group|partition|portion|half|quarter|section|slice|holdout"
    r"|heldout|hold|held|out|unseen|seen|query|gallery|probe|support|target|source|domain|site|old|new|first"
    r"|second|third|last|one|two|three|four|five|six|extra|extras|more|rest|other|others|remaining|copy|backup"
    r"|original|originals|augmented|aug|processed|preprocessed|raw|resized|cropped|cleaned|final|public"
    r"|private|learn|learning|fit|score|scoring|check|exam|practice|benchmark|labeled|labeled|unlabeled"
    r"|unlabeled|annotated|known|unknown|pretrain|finetune|base|novel|version|ver|release|round|fullset"
    r"|sample|samples"
)
_CLASS_ID = re.compile(r"n\d{8}")  # WordNet's, as ImageNet names its classes
MANY = 5  # names in common that, where the outer folders are fewer, are taken for the classes themselves


@dataclass(frozen=True)
class Repeated:
    """Two folders that hold folders of the same names, and two of these names."""

    paths: tuple[str, str]
    names: tuple[str, str]


def split_like(
    folders: Mapping[str, Set[str]], top: str, words: Callable[[str], Sequence[str]]
) -> tuple[Repeated | None, Repeated | None]:
    """The first repetition that may be two splits, and the first that is read as kinds within classes.

    Args:
        folders: the names of the folders in each folder, by its path ("a/b/"; "" is the topmost), one form each.
        top: the path of the folder whose folders would be the classes.
        words: the words of a name.
    """
    counts = Counter(name for names in folders.values() if len(names) > 1 for name in names)
    shared = {path: {name for name in names if counts[name] > 1} for path, names in folders.items() if len(names) > 1}
    sharing = {path: names for path, names in shared.items() if len(names) > 1 and path.startswith(top)}
    outer = {path: path[len(top) :].partition("/")[0] for path in sharing}  # the class, if that is what it is
    stems: dict[tuple[str, ...], set[str]] = {}
    for name in outer.values():
        stems.setdefault(_stem(name, words), set()).add(name)
    kinds = None
    for path, names in sharing.items():
        split = (
            path == top
            or len(stems[_stem(outer[path], words)]) > 1
            or len(names & folders[top]) > 1
            or any(_PIECE.fullmatch(word) for part in path[len(top) :].split("/") for word in words(part))
        )
        if not split and kinds and len(names) < MANY:
            continue
        other, common = _most_alike(path, names, sharing)
        if len(common) < 2:
            continue
        earlier, later = sorted((path, other), key=list(folders).index)
        first, second = sorted(common)[:2]
        found = Repeated((earlier, later), (first, second))
        if split or len(common) >= max(MANY, len(folders[top]) + 1):
            return found, kinds
        kinds = kinds or found
    return None, kinds


def _most_alike(path: str, names: Set[str], sharing: Mapping[str, Set[str]]) -> tuple[str, set[str]]:
    """The other folder with most of these names, the first of them."""
    best, common = "", set[str]()
    for other, published in sharing.items():
        if other != path and len(names & published) > len(common):
            best, common = other, set(names & published)
            if len(common) == len(names):
                break
    return best, common


def _stem(name: str, words: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    """A name's words without what numbers it: "part1" and "part-2", "siteA" and "siteB", "a" and "b" share one."""
    if _CLASS_ID.fullmatch(name):
        return (name,)
    return tuple(word for word in words(name) if len(word) > 1 or not word.isascii())
