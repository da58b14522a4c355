"""Compare's saved views: keep the present one under a name, open, rename, replace and delete those that are kept."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from pages.compare import saved_views, view_widgets
from pages.shared import format
from vitcore.errors import Refusal
from vitcore.runs.folder import Results

OPEN, NAME, GOING = "saved-view", "saved-name", "saved-going"


def saved(runs: pd.DataFrame) -> None:
    """The menu of saved views; what is opened takes the place of the present view."""
    with st.popover("Views", key="views"):
        kept, told = saved_views.listed(Results())
        names = {one.slug: one.name for one in kept}
        if st.session_state.get(OPEN) not in names:
            st.session_state[OPEN] = None
        if kept:
            st.selectbox(
                "Saved views",
                list(names),
                format_func=lambda slug: names.get(slug, slug),
                key=OPEN,
                placeholder="Open one",
                on_change=_open,
                args=(runs,),
                persist_state="session",
            )
        else:
            st.caption("A view is what this page shows: filters, columns, runs, chart. The address holds it too.")
        st.text_input("Name", key=NAME, max_chars=saved_views.LONGEST, placeholder="Name of the present view")
        with st.container(horizontal=True, gap="small"):
            _buttons(names)
        for sentence in told:
            st.caption(format.plain(sentence))


def _buttons(names: dict[str, str]) -> None:
    """Keep or replace, rename, delete: what would be lost is said before it is."""
    name, held = str(st.session_state.get(NAME) or ""), st.session_state.get(OPEN)
    try:
        taken = saved_views.named(name) in names if name.strip() else False
    except Refusal:
        taken = False
    if st.session_state.get(GOING) and st.session_state[GOING] == held:
        st.markdown(f"Delete {format.plain(repr(names[held]))} for good?")
        st.button("Delete it", key="view-delete", on_click=_delete, args=(held,), type="primary")
        st.button("Leave it", key="view-leave", on_click=_going, args=(None,))
        return
    st.button(
        "Replace" if taken else "Save",
        key="view-save",
        on_click=_save,
        args=(name, taken),
        disabled=not name.strip(),
        help="Puts the present view in the place of the one of this name." if taken else None,
    )
    if held:
        st.button("Rename", key="view-rename", on_click=_rename, args=(held, name), disabled=not name.strip())
        st.button("Delete …", key="view-going", on_click=_going, args=(held,))


def _open(runs: pd.DataFrame) -> None:
    chosen = st.session_state[OPEN]
    st.session_state[GOING] = None
    for one in saved_views.listed(Results())[0]:
        if one.slug == chosen:
            view_widgets.show(one.view, runs)
            st.session_state[NAME] = one.name


def _save(name: str, replace: bool) -> None:
    _done(lambda: saved_views.save(Results(), name, view_widgets.present(), replace=replace))


def _rename(slug: str, name: str) -> None:
    _done(lambda: saved_views.rename(Results(), slug, name))


def _delete(slug: str) -> None:
    st.session_state[GOING] = None
    try:
        saved_views.delete(Results(), slug)
    except Refusal as refusal:
        st.toast(format.plain(str(refusal)))


def _going(slug: str | None) -> None:
    st.session_state[GOING] = slug


def _done(what: Callable[[], saved_views.Saved]) -> None:
    try:
        one = what()
    except Refusal as refusal:
        st.toast(format.plain(str(refusal)))
        return
    st.session_state[OPEN], st.session_state[NAME] = one.slug, one.name
    st.toast(f"Kept as {format.plain(repr(one.name))}.")
