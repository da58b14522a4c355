"""A run's status as a badge, its progress as a line of words, and the buttons that stop it."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from pages.parts import wording
from vitcore.errors import Refusal
from vitcore.runs import queue
from vitcore.runs.folder import Results

Colour = Literal["gray", "blue", "green", "orange", "red"]
COLOURS: dict[str, Colour] = {
    "queued": "gray",
    "running": "blue",
    "finished": "green",
    "stopped": "orange",
    "paused": "orange",
    "diverged": "red",
    "failed": "red",
    "interrupted": "red",
    "cancelled": "gray",
}


def badge(status: str) -> None:
    st.badge(status, color=COLOURS.get(status, "gray"))


def progress_line(run: pd.Series) -> str:
    """'epoch 3 of 20 · 1,240 images/s · 40 s left'."""
    parts = [f"epoch {min(int(run['epochs_done']) + 1, int(run['epochs']))} of {int(run['epochs'])}"]
    if not wording.missing(run["images_per_second"]):
        parts.append(f"{run['images_per_second']:,.0f} images/s")
    if not wording.missing(run["eta_seconds"]):
        parts.append(f"{wording.duration(run['eta_seconds'])} left")
    return " · ".join(parts)


def stop_button(run: pd.Series, key: str) -> None:
    """Stop what runs, take out of the queue what waits; nothing for what has ended."""
    if run["status"] == "running":
        st.button("Stop", key=key, on_click=_ask, args=(queue.stop, run["id"]))
    elif run["status"] == "queued":
        st.button("Cancel", key=key, on_click=_ask, args=(queue.cancel, run["id"]))


def _ask(what: object, run_id: str) -> None:
    assert callable(what)
    try:
        what(Results(), run_id)
    except Refusal as refusal:  # it ended meanwhile
        st.toast(str(refusal))
