"""The disk that the results take, and what can be deleted: the trash, and what finished runs need no more."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from pages.shared import format
from pages.shared.status import answered
from vitcore.runs import trash
from vitcore.runs.folder import Results
from vitcore.runs.usage import Usage, drop_resume_files, usage

LEAST = 1_000_000  # bytes of resume files that are worth a button
FRESH = 30  # seconds for which a look at the disk counts


def disk(runs: pd.DataFrame) -> None:
    """What lies where, and the buttons that free some of it, each of which asks first."""
    results = Results()
    finished = tuple(runs.loc[runs["status"] == "finished", "id"])
    found = _usage(str(results.root), finished)
    st.subheader("Disk", anchor=False)
    with st.container(border=True, gap="xsmall", key="disk"):
        parts = [f"{format.size(found.total)} in all", f"{format.number(len(runs), 'run')}: {format.size(found.runs)}"]
        st.caption(format.plain(" · ".join(parts)))
        if found.trashed:
            _trash(results, found)
        if found.resume >= LEAST:
            _resume(results, found, finished)
        if not found.trashed and found.resume < LEAST:
            st.caption("There is nothing to delete: the trash is empty.")


def _trash(results: Results, found: Usage) -> None:
    """Deleted runs: how many, and the way to be rid of them for good."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"Trash: {format.number(found.trashed, 'deleted run')}, {format.size(found.trash)}")
        with st.popover("Empty the trash", key="empty-trash"):
            many = format.number(found.trashed, "run")
            st.markdown(f"{many} would be deleted for good; nothing brings them back. Compare restores single ones.")
            what = partial(trash.empty, ids=results.trashed())
            st.button(f"Delete {many} for good", key="empty-trash-now", on_click=_do, args=(what,))


def _resume(results: Results, found: Usage, finished: tuple[str, ...]) -> None:
    """What training would go on from, of runs that are over; their weights and journals stay."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"Resume files of finished runs: {format.size(found.resume)}")
        with st.popover("Delete them", key="drop-resume"):
            st.markdown("Weights, curves and answers stay; only what training would go on from is deleted.")
            drop = partial(drop_resume_files, finished=finished)
            st.button(f"Delete {format.size(found.resume)}", key="drop-resume-now", on_click=_do, args=(drop,))


def _do(what: partial[int]) -> None:
    if answered(what):
        _usage.clear()


@st.cache_data(show_spinner=False, max_entries=4, ttl=FRESH)
def _usage(root: str, finished: tuple[str, ...]) -> Usage:
    return usage(Results(root), finished)
