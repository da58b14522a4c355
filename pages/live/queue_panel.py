"""The queue: who waits, in which order and for which other run; moved up and down, taken out, emptied."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.server import store_cache
from pages.shared import format, naming
from pages.shared.status import answered, start_here, why_waiting
from vitcore.errors import UserError
from vitcore.runs import engine_report, queue, seal
from vitcore.runs.folder import Results

SHOWN = 8


def waiting() -> None:
    """Every waiting run in the order in which they will be taken up, the first few with their buttons."""
    known = set(store_cache.runs()["id"])
    ids = [id for id in queue.queued(Results()) if id in known]
    if not ids:
        return
    titles = naming.called(ids[:SHOWN]).names  # among a thousand it would take long, and most are not shown
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.subheader("Waiting", anchor=False, width="content")
        if len(ids) > 1:
            with st.popover("Empty the queue", key="empty-queue"):
                st.markdown(f"{format.number(len(ids), 'run')} would be cancelled; each can be started again.")
                st.button("Cancel them all", key="cancel-all", on_click=_cancel_all, args=(ids,))
    for text in engine_report.sentences(Results()):
        st.caption(format.plain(text))
    with st.container(border=True, gap="xsmall", key="waiting"):
        for place, id in enumerate(ids[:SHOWN]):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"waits-{id}"):
                st.caption(f"{place + 1}", width="content")
                st.text(titles[id], width="stretch")
                if not queue.is_own(Results().run(id)):
                    st.caption("queued elsewhere", help=seal.FOREIGN, width="content")
                    start_here(id, key=f"begin-{id}")
                _mover("↑", "Earlier", ids, place, place - 1)
                _mover("↓", "Later", ids, place, place + 1)
                st.button("Cancel", key=f"out-{id}", on_click=_cancel_all, args=([id],))
            if why := why_waiting(id):
                st.caption(format.plain(why))
    if len(ids) > SHOWN:
        st.caption(f"and {len(ids) - SHOWN:,} more")


def moved(ids: list[str], place: int, to: int) -> list[str]:
    """The same order with one of them at another place."""
    rest = ids[:place] + ids[place + 1 :]
    return [*rest[:to], ids[place], *rest[to:]]


def _mover(sign: str, title: str, ids: list[str], place: int, to: int) -> None:
    st.button(
        sign,
        key=f"{title.lower()}-{ids[place]}",
        help=title,
        disabled=not 0 <= to < len(ids),
        on_click=_reorder,
        args=(moved(ids, place, to),),
    )


def _reorder(ids: list[str]) -> None:
    still = set(queue.queued(Results()))  # some may have been taken up since the page was drawn
    if answered(partial(queue.reorder, ids=[id for id in ids if id in still])):
        st.rerun()


def _cancel_all(ids: list[str]) -> None:
    """One that is taken up in this moment is no more to be cancelled, and says so; the others are."""
    for id in ids:
        try:
            queue.cancel(Results(), id)
        except UserError as error:
            st.toast(format.plain(naming.in_words(str(error))))
    answered(lambda results: None)
    st.rerun()  # the whole page, as after whatever changes a run's state
