"""Images that a person has named, as the lists of datasets on pages have them."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from pages.shared.samples import lying_lately
from vitcore.runs import named_data
from vitcore.runs.folder import Results
from vitcore.runs.named_data import NamedData

BEFORE = "own/"  # what a list calls them; no dataset of everybody's is called so


def by_choice() -> dict[str, NamedData]:
    """What this account has named, by what a list of datasets calls it; a form asks that for every item of a list."""
    results = Results()
    return dict(_named(str(results.root), named_data.state(results)))


@functools.lru_cache(maxsize=4)
def _named(root: str, state: tuple[tuple[str, int, int], ...]) -> Mapping[str, NamedData]:
    """The same of the names' files as they are in this state."""
    return {BEFORE + item.slug: item for item in named_data.listed(Results(root))[0]}


def at(folder: str | None) -> NamedData | None:
    """What a path is named, where it is."""
    return next((item for item in by_choice().values() if item.folder == folder), None)


def changed(item: NamedData) -> str | None:
    """What has happened to its files since it was named, looked over every ten seconds at most; None: nothing."""
    return named_data.changed(item, lying_lately)
