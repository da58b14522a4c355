"""Compare's saved views: keep the present one under a name, open, rename, replace and delete those that are kept."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from pages.compare import saved_views, view_widgets
from pages.shared import format
from vitcore.errors import UserError
from vitcore.runs.folder import Results

OPEN, NAME, GOING = "saved-view", "saved-name", "saved-going"


def saved(runs: pd.DataFrame) -> None:
    """The menu of saved views; what is opened takes the place of the present view."""
    with st.popover("Views", key="views"):
        stored, messages = saved_views.listed(Results())
        names = {item.slug: item.name for item in stored}
        if st.session_state.get(OPEN) not in names:
            st.session_state[OPEN] = None
        if stored:
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
        for sentence in messages:
            st.caption(format.plain(sentence))


def _buttons(names: dict[str, str]) -> None:
    """Keep or replace, rename, delete: what would be lost is said before it is."""
    name, opened = str(st.session_state.get(NAME) or ""), st.session_state.get(OPEN)
    try:
        taken = saved_views.named(name) in names if name.strip() else False
    except UserError:
        taken = False
    if st.session_state.get(GOING) and st.session_state[GOING] == opened:
        st.markdown(f"Delete {format.plain(repr(names[opened]))} for good?")
        st.button("Delete it", key="view-delete", on_click=_delete, args=(opened,), type="primary")
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
    if opened:
        st.button("Rename", key="view-rename", on_click=_rename, args=(opened, name), disabled=not name.strip())
        st.button("Delete …", key="view-going", on_click=_going, args=(opened,))


def _open(runs: pd.DataFrame) -> None:
    chosen = st.session_state[OPEN]
    st.session_state[GOING] = None
    for item in saved_views.listed(Results())[0]:
        if item.slug == chosen:
            view_widgets.show(item.view, runs)
            st.session_state[NAME] = item.name


def _save(name: str, replace: bool) -> None:
    _done(lambda: saved_views.save(Results(), name, view_widgets.present(), replace=replace))


def _rename(slug: str, name: str) -> None:
    _done(lambda: saved_views.rename(Results(), slug, name))


def _delete(slug: str) -> None:
    st.session_state[GOING] = None
    try:
        saved_views.delete(Results(), slug)
    except UserError as error:
        st.toast(format.plain(str(error)))


def _going(slug: str | None) -> None:
    st.session_state[GOING] = slug


def _done(what: Callable[[], saved_views.Saved]) -> None:
    try:
        item = what()
    except UserError as error:
        st.toast(format.plain(str(error)))
        return
    st.session_state[OPEN], st.session_state[NAME] = item.slug, item.name
    st.toast(f"Kept as {format.plain(repr(item.name))}.")
