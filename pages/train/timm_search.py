"""A search among timm's image models, whose names are far too many for a list: words narrow it, a click chooses."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared import format
from pages.train.fields import key_of
from vitcore.models import timm_catalog
from vitcore.spec import fields

SHOWN = 24  # names at once; another word narrows them
_TEXT, _FOUND = "timm-search", "timm-found"


def timm_search(several: bool) -> None:
    """Draw the search where timm is installed; a chosen name goes into the field Architecture."""
    if not timm_catalog.installed():
        return
    with st.popover("Search timm's networks", icon=":material/search:", key="timm"):
        text = st.text_input(
            "Words of a name",
            key=_TEXT,
            placeholder="such as vit tiny",
            max_chars=60,
            help="Every one of them stands in the names that are listed.",
        )
        if not text.strip():
            st.caption(f"The image models of timm {timm_catalog.version()}, built for the images that you train on.")
            return
        found, total = timm_catalog.search(text, SHOWN)
        if not found:
            st.caption(format.plain(f"No name holds {text!r}; try a part of it."))
            return
        st.pills(
            f"{format.number(total, 'network')}"
            + (f", {SHOWN} of them here; another word narrows them" if total > SHOWN else ""),
            found,
            key=_FOUND,
            format_func=lambda name: name.removeprefix(timm_catalog.PREFIX),
            on_change=_choose,
            args=(several,),
        )


def _choose(several: bool) -> None:
    """Put the chosen name into the field; among several choices beside the others."""
    state = st.session_state
    name, leaf = state[_FOUND], next(leaf for leaf in fields() if leaf.name == "architecture")
    state[_FOUND] = None
    if name is None:
        return
    key = key_of(leaf, several=several)
    before: list[Any] = list(state.get(key) or [])
    state[key] = [*before, name] if several and name not in before else before if several else name
