"""The tour for a first visit: four steps in a small card that stands in nobody's way and does not come back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import streamlit as st

from vitcore.runs.folder import FORMAT, Results, write_json

STEPS = (
    ("train/page.py", "Train", "Choose an architecture, an attention kernel and a part of a dataset. Training runs in "
     "the background and goes on when you close the page."),
    ("live/page.py", "Live", "Watch loss, accuracy and the confusion matrix grow; pause, stop and resume a run, or "
     "reorder what waits."),
    ("compare/page.py", "Compare", "Every stored run in one table: filter it, lay curves over one another, gather "
     "seeds, set two runs side by side. The address bar holds what you see, and a view can be kept under a name."),
    ("draw/page.py", "Draw", "Draw a digit with the mouse or a finger and see what each of your models takes it for."),
)  # fmt: skip

STEP, CLOSED = "tour-step", "tour-closed"


def tour() -> None:
    """The present step; nothing once it was closed, in this session or in an earlier one on these results."""
    if st.session_state.get(CLOSED) or os.path.lexists(_file()):
        return
    place = min(int(st.session_state.get(STEP, 0)), len(STEPS) - 1)
    page, title, text = STEPS[place]
    with st.container(border=True, key="tour", gap="xsmall", width=720):
        st.caption(f"A short tour, {place + 1} of {len(STEPS)}")
        st.markdown(f"**{title}.** {text}")
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if place + 1 < len(STEPS):
                st.button("Next", key="tour-next", on_click=_go, args=(place + 1,))
            if place:
                st.button("Back", key="tour-back", on_click=_go, args=(place - 1,))
            if st.button(f"Open {title}", key="tour-open"):
                st.switch_page(page)
            last = "Done" if place + 1 == len(STEPS) else "Close the tour"
            st.button(last, key="tour-close", type="tertiary", on_click=_close)


def _go(place: int) -> None:
    st.session_state[STEP] = place


def _close() -> None:
    """Remembered with the results; where these cannot be written, at least for this session."""
    st.session_state[CLOSED] = True
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, {"v": FORMAT, "closed": round(time.time(), 3)})
    except OSError:  # a folder that is only read is no reason to complain about a tour
        return


def _file() -> Path:
    return Results().root / "tour.json"
