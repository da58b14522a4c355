"""A run's color: one for as long as some page of this session looks at it, the same on all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

import streamlit as st

from pages.server import store_cache
from vitcore.store import queries

PLACES, SHOWN_BY, WANTED = "run-colors", "run-colors-looked-at", "run-colors-chosen"  # of the session


def places(ids: Iterable[str], *, page: str) -> dict[str, int]:
    """Each run's place in the palette (figures.style.color, dash), by id; from now on this page looks at these.

    Args:
        page: whose runs they are; the runs that another page looks at keep their places meanwhile.
    """
    pages: dict[str, list[str]] = st.session_state.setdefault(SHOWN_BY, {})
    pages[page] = list(ids)
    before: dict[str, int] = st.session_state.get(WANTED, {})
    wanted = {id: place for several in pages.values() for id in several if (place := chosen(id)) is not None}
    reset = before.keys() - wanted.keys()
    known = {id: place for id, place in st.session_state.get(PLACES, {}).items() if id not in reset}
    st.session_state[WANTED] = wanted
    st.session_state[PLACES] = found = assigned(pages[page], known, pages, wanted)
    return {id: found[id] for id in pages[page]}


def chosen(id: str) -> int | None:
    """The place that a person has chosen for a run, as the index has it; None where nobody has, or the run is gone."""
    return store_cache.view("run-colors", queries.colors).get(id)


def assigned(
    ids: Iterable[str],
    known: Mapping[str, int],
    pages: Mapping[str, Iterable[str]],
    wanted: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Places of all runs that are looked at: as they were, and the first free one for each new run.

    Args:
        wanted: what persons have chosen, which other runs make way for.
    """
    shown = {id for several in pages.values() for id in several}
    wanted = wanted or {}
    taken = set(wanted.values())
    found = {id: place for id, place in known.items() if id in shown and id not in wanted and place not in taken}
    ids = [*ids, *(id for id in known if id in shown)]  # those that make way too
    found |= {id: place for id, place in wanted.items() if id in shown}
    for id in ids:
        if id not in found:
            taken = set(found.values())
            found[id] = next(place for place in count() if place not in taken)
    return found
