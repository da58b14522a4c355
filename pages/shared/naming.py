"""What runs are called on pages: among all that are stored, among a few, in sentences and in the names of files."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import pandas as pd

from pages.server import store_cache
from vitcore.runs.folder import Results
from vitcore.spec.differing import Called
from vitcore.store import naming

LONGEST = 60  # letters of a file's name, before its ending
_ID = re.compile(r"\b\d{8}-\d{6}-[\w.-]{2,80}\b")


def everything() -> dict[str, str]:
    """What each stored run is called among all of them; made anew only for a run or a name more or less."""
    table = store_cache.runs()
    return _among_all(str(Results().root), tuple(zip(table["id"], table["title"], strict=True)))


@functools.lru_cache(maxsize=4)
def _among_all(root: str, titles: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Options of a run never change, so that ids and titles say whether names do."""
    table = store_cache.runs()
    return naming.called(table[table["id"].isin([id for id, _ in titles])]).names


def called(ids: Sequence[str]) -> Called:
    """What these runs are called among one another, as far as they are stored."""
    table = store_cache.runs()
    return naming.called(table[table["id"].isin(list(ids))])


def of(table: pd.DataFrame) -> Called:
    """What the runs of a table are called among one another."""
    return naming.called(table)


def in_words(sentence: str) -> str:
    """A sentence with each id of a stored run replaced by what it is called."""
    if not _ID.search(sentence):
        return sentence
    names = everything()
    return _ID.sub(lambda found: names.get(found[0], found[0]), sentence)


def file_name(id: str) -> str:
    """What a file of a run is called before its ending: its name in letters that every file system takes."""
    words = re.sub(r"[^\w.]+", "-", everything().get(id, id), flags=re.ASCII).strip("-._")[:LONGEST]
    return f"{words or 'run'}-{id[-4:]}"
