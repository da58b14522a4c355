"""Searching the stored runs: words in any order, a minus before what is not wanted, quotes around a phrase."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

from vitcore.store.cells import as_text

LOOKED_IN = ("title", "name", "note", "tags", "architecture", "kernel", "dataset")
"""Columns in which a word may stand, besides the id."""

ID_LEAST = 4
"""Letters from which on a word is also looked for within ids: every id holds each digit somewhere."""

_WORD = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')


def searched(table: pd.DataFrame, text: str) -> pd.DataFrame:
    """The rows that hold every word of the search and none of those with a minus before them."""
    wanted = list(_words(text))
    if not wanted or table.empty:
        return table
    columns = [table[name] for name in LOOKED_IN if name in table]
    lines = [_plain("\n".join(map(as_text, cells))) for cells in zip(*columns, strict=True)]
    ids = [_plain(str(id)) for id in table["id"]]
    fits = [
        all(_holds(word, line, id) != unwanted for unwanted, word in wanted)
        for line, id in zip(lines, ids, strict=True)
    ]
    return table[fits]


def _words(text: str) -> Iterable[tuple[bool, str]]:
    """Each word and whether it stands after a minus; a minus or a quote by itself is a word still being typed."""
    for minus, quoted, bare in _WORD.findall(text):
        word = _plain(quoted or bare)
        if word and word not in ('"', "-"):
            yield bool(minus), word


def _holds(word: str, line: str, id: str) -> bool:
    """Whether a run holds the word; digits are a whole number, so that "seed 1" does not find seed 10."""
    if len(word) >= ID_LEAST and word in id:
        return True
    if word.isdecimal():
        return re.search(rf"(?<!\w)(?<!\d[.,]){word}(?!\w|[.,]\d)", line) is not None
    return word in line


def _plain(text: str) -> str:
    """Without regard to capitals and to how a letter is put together."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
