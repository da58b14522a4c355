"""Live: the runs that train now, or any chosen ones: progress, curves, the confusion matrix; pause, stop, the queue."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from pages.parts import frame, stored, wording
from pages.parts.confusions import confusions
from pages.parts.learning import curves
from pages.parts.picker import pick_runs
from pages.parts.status import Run, actions, badge, progress_line
from pages.parts.waiting import waiting
from vitcore.runs import expected, machine
from vitcore.store import queries
from vitcore.store.index import Index

TICK = 1.7  # seconds between two looks while something runs
LINGER = 10.0  # seconds in which it goes on looking after the last run has ended
LOG_BYTES = 20_000


def head(run: Run) -> None:
    """One run in a line: its name and status, how far it is, and what can be done to it."""
    with st.container(key=f"head-{run['id']}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{run['title']}**", width="content")
            badge(run["status"])
            st.space("stretch")
            actions(run)
        if run["status"] == "running":
            st.progress(wording.share(run["progress"]))
            st.caption(progress_line(run))
        elif run["status"] not in ("queued", "finished") and not wording.missing(run["reason"]):
            st.caption(run["reason"])


def numbers(run: Run) -> None:
    with st.grid(6, min_column_width=110):
        st.metric("Test error", wording.percent(run["error_percent"], 2))
        st.metric("Epochs", f"{int(run['epochs_done'])} of {int(run['epochs'])}")
        st.metric("Training time", wording.duration(run["training_seconds"]), **told_before(run["id"]))
        st.metric("Images/s", wording.count(run["images_per_second"]))
        st.metric("Memory", wording.megabytes(run["memory_mb"]))
        st.metric("Parameters", wording.count(run["parameters"]))


def told_before(id: str) -> dict[str, Any]:
    """What was expected before the launch, to stand beside what it takes."""
    told = expected.read(stored.index().results.run(id))
    if told is None:
        return {}
    text = f"{wording.duration(told.training_seconds)} expected{', a guess' if told.guessed else ''}"
    return {"delta": text, "delta_color": "off", "delta_arrow": "off"}


def confusion(rows: Sequence[Run]) -> None:
    """Which classes one of the runs takes for which, epoch by epoch, and the pictures behind it."""
    index = stored.index()
    known = {run["id"]: run for run in rows if queries.confusion_epochs(index, run["id"])}
    if not known:
        return
    st.subheader("Confusion matrix", anchor=False)
    id = next(iter(known))
    if len(known) > 1:
        id = st.selectbox("Of", known, format_func=lambda id: known[id]["title"], key="confusion-run", width=420)
    confusions(known[id], key="confusion")


def log(run: Run, notes: list[str], *, alone: bool) -> None:
    """What the trainer had to say, and the end of what its process wrote; whose, unless it stands alone."""
    whose = "" if alone else f" · {run['title']}"
    for text in notes:
        st.caption(text + whose)
    try:
        written = stored.index().results.run(run["id"]).log.read_bytes()[-LOG_BYTES:].decode(errors="replace").strip()
    except OSError:  # none: it was imported, or has not begun
        return
    if written:
        with st.expander(f"The worker's log{whose}"):
            st.code(written, language=None, height=240)


def moving(active: bool) -> bool:
    """Whether some run waits or trains, or did a moment ago: one that is being taken up is neither for an instant."""
    now = time.monotonic()
    if active:
        st.session_state["live-moved"] = now
    return now - st.session_state.get("live-moved", -math.inf) < LINGER


@dataclass(frozen=True)
class Look:
    """What there is to see of some runs between two changes: made once, however many look on."""

    rows: Sequence[Run]
    others: Sequence[Run]  # that run besides
    notes: dict[str, list[str]]
    statuses: frozenset[str]  # of every run

    @classmethod
    def of(cls, ids: tuple[str, ...], index: Index) -> Look:
        statuses = queries.statuses(index)
        others = [id for id in statuses.get("running", ()) if id not in ids]
        return cls(
            rows=queries.rows(index, ids),
            others=queries.rows(index, others) if others else (),
            notes={id: queries.notes(index, id) for id in ids},
            statuses=frozenset(statuses),
        )


def live(ids: list[str]) -> None:
    look = stored.view(("live", *ids), partial(Look.of, tuple(ids)))
    if moving(not look.statuses.isdisjoint(stored.ACTIVE)) != st.session_state["live-ticking"]:
        st.rerun()  # nothing moves any more, or something does again: without the timer, or with it
    st.space("small")
    for run in look.rows:
        head(run)
    alone = len(look.rows) == 1
    if alone:
        numbers(look.rows[0])
    if any(run["status"] != "queued" for run in look.rows):
        curves(look.rows)
        confusion(look.rows)
        for run in look.rows:
            log(run, look.notes[run["id"]], alone=alone)
    if look.others:
        st.subheader("Also running", anchor=False)
        for run in look.others:
            head(run)
    if "running" in look.statuses:
        st.caption(f"This machine: {machine.busy()}.")
    if "queued" in look.statuses:
        waiting(stored.runs())


frame.heading("Live", "Runs as they learn. Close the page, stop the server: training goes on.")
everything = stored.runs(now=True)
if everything.empty:
    st.markdown("Nothing has been trained yet.")
    st.page_link("train.py", label="Train a model")
else:
    now = everything[everything["status"] == "running"]
    chosen = pick_runs(everything, key="live-runs", first=list((now if len(now) else everything.head(1))["id"]))
    st.session_state["live-ticking"] = moving(not stored.active(everything).empty)
    st.fragment(live, run_every=TICK if st.session_state["live-ticking"] else None)(chosen)
