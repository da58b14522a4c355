"""A run's color: one for as long as some page of this session looks at it, the same on all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

import streamlit as st

PLACES, SHOWN_BY = "run-colors", "run-colors-looked-at"  # of the session


def places(ids: Iterable[str], *, page: str) -> dict[str, int]:
    """Each run's place in the palette (figures.style.color, dash), by id; from now on this page looks at these.

    Args:
        page: whose runs they are; the runs that another page looks at keep their places meanwhile.
    """
    pages: dict[str, list[str]] = st.session_state.setdefault(SHOWN_BY, {})
    pages[page] = list(ids)
    known: dict[str, int] = st.session_state.get(PLACES, {})
    st.session_state[PLACES] = found = assigned(pages[page], known, pages)
    return {id: found[id] for id in pages[page]}


def assigned(ids: Iterable[str], known: Mapping[str, int], pages: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Places of all runs that are looked at: as they were, and the first free one for each new run."""
    shown = {id for several in pages.values() for id in several}
    found = {id: place for id, place in known.items() if id in shown}
    for id in ids:
        if id not in found:
            taken = set(found.values())
            found[id] = next(place for place in count() if place not in taken)
    return found
