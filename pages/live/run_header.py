"""A run in a line, with what can be done to it; and its numbers."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.server import store_cache
from pages.shared import format
from pages.shared.simplest import simplest
from pages.shared.start_from import start_from
from pages.shared.status import Run, actions, badge, progress_line, why_waiting
from vitcore.errors import UserError
from vitcore.runs import cost_estimate, seal
from vitcore.runs.folder import Results, RunFolder

TESTED = "Measured once, after training: nothing is chosen by the test images."


def head(run: Run, called: str) -> None:
    """One run in a line: what it is called and its status, how far it is, and what can be done to it."""
    with st.container(key=f"head-{run['id']}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{format.plain(called)}**", width="content")
            badge(run["status"])
            st.space("stretch")
            actions(run)
        if run["status"] == "running":
            st.progress(format.share(run["progress"]))
            st.caption(progress_line(run))
        elif run["status"] == "queued" and run["reason"] != seal.FOREIGN:
            if why := why_waiting(run["id"]):
                st.caption(format.plain(why))
        elif run["status"] != "finished" and not format.missing(run["reason"]):
            st.caption(format.plain(run["reason"]))


def numbers(run: Run) -> None:
    """What it has reached so far and what that took."""
    tested = _images(run["test_samples"])
    with st.grid(3, min_column_width=230):  # so wide that no name is cut
        if validated := not format.missing(run["val_error_best"]):
            epoch, checked = format.whole(run["best_epoch"]), _images(run["val_samples"])
            st.metric(f"Validation error, best epoch {epoch}{checked}", format.percent(run["val_error_best"], 2))
            st.metric(f"Test error, best epoch {epoch}{tested}", format.percent(run["test_error_best"], 2), help=TESTED)
        help = TESTED if validated else None
        st.metric(f"Test error, last weights{tested}", format.percent(run["error_percent"], 2), help=help)
    with st.grid(5, min_column_width=110):
        st.metric("Epochs", f"{format.whole(run['epochs_done'])} of {format.whole(run['epochs'])}")
        st.metric("Training time", format.duration(run["training_seconds"]), **_estimated(run["id"]))
        st.metric("Images/s", format.count(run["images_per_second"]))
        st.metric("Memory", format.megabytes(run["memory_mb"]))
        st.metric("Parameters", format.count(run["parameters"]))
    simplest(run)
    start_from(RunFolder(Results().runs / run["id"]), key=f"start-from-{run['id']}")


def _images(number: float | None) -> str:
    """', 360 images': of how many an error is; empty where that is not known."""
    return "" if format.missing(number) else f", {format.number(int(number or 0), 'image')}"


def _estimated(id: str) -> dict[str, Any]:
    """What was expected before the launch, to stand beside what it takes."""
    try:
        estimate = cost_estimate.read(store_cache.index().results.run(id))
    except UserError:  # deleted since the page looked
        estimate = None
    if estimate is None:
        return {}
    text = f"{format.duration(estimate.training_seconds)} expected{', a guess' if estimate.guessed else ''}"
    return {"delta": text, "delta_color": "off", "delta_arrow": "off"}
