"""Images of one's own under a name: given here, shown with their digest and what has changed, renamed and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.shared import format
from pages.shared.own_data import BEFORE, by_choice, changed
from pages.shared.samples import lying_lately
from vitcore.errors import UserError
from vitcore.runs import named_data
from vitcore.runs.folder import Results
from vitcore.runs.named_data import NamedData

CHOSEN, NAME, RENAMED = "dataset", "own-name", "own-rename"  # in the session, as are those that follow
GOING, DIFFERS, TROUBLE = "own-going", "own-differs", "own-refused"


def state(item: NamedData) -> str:
    """Where it stands, in the overview's words."""
    return "named by you" if changed(item) is None else "changed since it was named"


def rows() -> list[dict[str, Any]]:
    """A line of the overview for each."""
    return [
        {
            "Dataset": item.name,
            "State": state(item),
            "Training samples": item.data["rows"]["train"],
            "Test samples": item.data["rows"]["test"],
            "Classes": len(item.data["classes"]),
            "Image": None,
            "Source": item.folder,
        }
        for item in by_choice().values()
    ]


def messages() -> None:
    """A sentence about each name that is not followed, and a way to be rid of it."""
    for sentence in named_data.listed(Results())[1]:
        st.caption(format.plain(f"{sentence[0].upper()}{sentence[1:]}."))
    if trouble := st.session_state.pop(TROUBLE, None):
        st.warning(trouble)


def card(item: NamedData) -> None:
    """What stands behind a name: the path, the digest, whether the files have changed; and what can be done to it."""
    with st.container(border=True, key="named-data", gap="small"):
        st.text(item.folder)
        left = ", broken images left out" if item.skip_broken else ""
        st.caption(format.plain(f"Digest {item.digest} of images and labels; read with resize {item.resize}{left}."))
        _what_changed(item)
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            st.text_input("Name", item.name, key=f"{RENAMED}-{item.slug}", max_chars=named_data.LONGEST, width=260)
            st.button("Rename", key="own-rename-now", on_click=_rename, args=(item,))
            if st.session_state.get(GOING) != item.slug:
                st.button("Forget …", key="own-forget", on_click=_going, args=(item.slug,))
        if st.session_state.get(GOING) == item.slug:
            st.markdown(f"Forget the name {format.plain(repr(item.name))}? Images and runs stay as they are.")
            with st.container(horizontal=True, gap="small"):
                st.button("Forget it", key="own-forget-now", type="primary", on_click=_forget, args=(item,))
                st.button("Leave it", key="own-leave", on_click=_going, args=(None,))


def _what_changed(item: NamedData) -> None:
    """What has happened to the files since, and the way on: to read them again, then to take them as they are."""
    trouble = changed(item)
    if trouble is None:
        return
    slug, found = st.session_state.get(DIFFERS) or (None, [])
    if slug == item.slug:
        st.warning(format.plain(f"They are others than those that were named: {'; '.join(found)}."))
        st.button("Take them as they are now", key="own-update", on_click=_update, args=(item,))
        return
    st.warning(format.plain(f"{trouble[0].upper()}{trouble[1:]}."))
    st.button("Read them again", key="own-again", on_click=_compare, args=(item,))


def naming(folder: str, resize: str, skip_broken: bool) -> None:
    """A field for the name under which images that were looked at stay in the list."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        name = st.text_input(
            "Keep it in the list as", key=NAME, max_chars=named_data.LONGEST, placeholder="A name", width=260,
            help="Path, way of reading and digest; offered on Train and as --dataset. Runs hold the path.",
        )  # fmt: skip
        st.button("Keep", key="own-keep", on_click=_keep, args=(name, folder, resize, skip_broken), disabled=not name)


def _keep(name: str, folder: str, resize: str, skip_broken: bool) -> None:
    def keep() -> str:
        item = named_data.add(Results(), name, folder, resize=resize, skip_broken=skip_broken)
        st.session_state[CHOSEN] = BEFORE + item.slug
        return f"{item.name!r} is in the list, digest {item.digest}."

    _done(keep)


def _rename(item: NamedData) -> None:
    def rename() -> str:
        new = named_data.rename(Results(), item.slug, str(st.session_state[f"{RENAMED}-{item.slug}"]))
        st.session_state[CHOSEN] = BEFORE + new.slug
        return f"It is called {new.name!r} now."

    _done(rename)


def _forget(item: NamedData) -> None:
    def forget() -> str:
        named_data.forget(Results(), item.slug)
        st.session_state[CHOSEN], st.session_state[GOING] = named_data.FOLDER, None
        return f"{item.name!r} is forgotten; its images stay at {item.folder}."

    _done(forget)


def _compare(item: NamedData) -> None:
    """Of the same images the files' new times are kept; else what differs is said before anything is."""

    def compare() -> str:
        found = named_data.differences(item)
        if found:
            st.session_state[DIFFERS] = (item.slug, found)
            return f"{item.name!r} has changed."
        named_data.update(Results(), item.slug)
        lying_lately.clear()
        return f"The images of {item.name!r} are those that were named."

    _done(compare)


def _update(item: NamedData) -> None:
    def update() -> str:
        new = named_data.update(Results(), item.slug)
        st.session_state.pop(DIFFERS, None)
        lying_lately.clear()
        return f"{new.name!r} stands for what is there now, digest {new.digest}."

    _done(update)


def _going(slug: str | None) -> None:
    st.session_state[GOING] = slug


def _done(what: Callable[[], str]) -> None:
    try:
        st.toast(format.plain(what()))
    except UserError as error:
        st.session_state[TROUBLE] = format.plain(f"{error}.")
