"""A run in a line, with what can be done to it; and its numbers."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import stored, wording
from pages.parts.status import Run, actions, badge, progress_line
from vitcore.errors import Refusal
from vitcore.runs import expected


def head(run: Run, called: str) -> None:
    """One run in a line: what it is called and its status, how far it is, and what can be done to it."""
    with st.container(key=f"head-{run['id']}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{wording.plain(called)}**", width="content")
            badge(run["status"])
            st.space("stretch")
            actions(run)
        if run["status"] == "running":
            st.progress(wording.share(run["progress"]))
            st.caption(progress_line(run))
        elif run["status"] not in ("queued", "finished") and not wording.missing(run["reason"]):
            st.caption(wording.plain(run["reason"]))


def numbers(run: Run) -> None:
    """What it has reached so far and what that took."""
    with st.grid(6, min_column_width=110):
        st.metric("Test error", wording.percent(run["error_percent"], 2))
        st.metric("Epochs", f"{wording.whole(run['epochs_done'])} of {wording.whole(run['epochs'])}")
        st.metric("Training time", wording.duration(run["training_seconds"]), **_told_before(run["id"]))
        st.metric("Images/s", wording.count(run["images_per_second"]))
        st.metric("Memory", wording.megabytes(run["memory_mb"]))
        st.metric("Parameters", wording.count(run["parameters"]))


def _told_before(id: str) -> dict[str, Any]:
    """What was expected before the launch, to stand beside what it takes."""
    try:
        told = expected.read(stored.index().results.run(id))
    except Refusal:  # deleted since the page looked
        told = None
    if told is None:
        return {}
    text = f"{wording.duration(told.training_seconds)} expected{', a guess' if told.guessed else ''}"
    return {"delta": text, "delta_color": "off", "delta_arrow": "off"}
