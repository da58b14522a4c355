"""Images that a person has named, as the lists of datasets on pages have them."""

from __future__ import annotations

from pages.shared.samples import lying_lately
from vitcore.runs import named_data
from vitcore.runs.folder import Results
from vitcore.runs.named_data import NamedData

BEFORE = "own/"  # what a list calls them; no dataset of everybody's is called so


def by_choice() -> dict[str, NamedData]:
    """What this account has named, by what a list of datasets calls it."""
    return {BEFORE + item.slug: item for item in named_data.listed(Results())[0]}


def at(folder: str | None) -> NamedData | None:
    """What a path is named, where it is."""
    return next((item for item in by_choice().values() if item.folder == folder), None)


def changed(item: NamedData) -> str | None:
    """What has happened to its files since it was named, looked over every ten seconds at most; None: nothing."""
    return named_data.changed(item, lying_lately)
