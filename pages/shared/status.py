"""A run's status as a badge, its progress as a line of words, and the buttons that change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import streamlit as st

from pages.server import store_cache
from pages.shared import format, naming
from vitcore.errors import UserError
from vitcore.runs import dependencies, engine_report, queue, seal
from vitcore.runs.folder import Results
from vitcore.runs.status import RESUMABLE

WAYS_WIDTH = 190  # pixels: the widest pair of buttons

Run = pd.Series | Mapping[Any, Any]
"""A row of the runs' table; a mapping where many look on, since a row of a hundred columns is slow to cut out."""

Color = Literal["gray", "blue", "green", "orange", "red"]
COLORS: dict[str, Color] = {
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
    """A run's status as a badge in its color."""
    st.badge(status, color=COLORS.get(status, "gray"))


def why_waiting(id: str) -> str:
    """Why a queued run is not taken up in its turn, as a sentence; empty where nothing holds it back."""
    results = Results()
    if why := dependencies.reason(results, id):
        return f"It {why}."
    why = next((report.waits[id] for report in engine_report.reports(results).values() if id in report.waits), "")
    return f"It waits for {why}." if why else ""


def place(run: Run) -> str:
    """'alpha, cpu, slot 2': the machine, the device and the place on it that a run was given; empty where unknown."""
    parts = [str(run[name]) for name in ("node", "device_queue") if not format.missing(run.get(name))]
    slot: Any = run.get("slot")
    return ", ".join([*parts, *([] if format.missing(slot) else [f"slot {int(slot) + 1}"])])


def progress_line(run: Run) -> str:
    """'epoch 3 of 20 · 1,240 images/s · 40 s left · 410 MB · on alpha, cpu, slot 1'."""
    done, asked = run["epochs_done"], run["epochs"]
    now = done + 1 if format.missing(asked) else min(done + 1, asked)  # a spec may hold anything
    parts = [f"epoch {format.whole(now)} of {format.whole(asked)}"]
    if not format.missing(run["images_per_second"]):
        parts.append(f"{run['images_per_second']:,.0f} images/s")
    if not format.missing(run["eta_seconds"]):
        parts.append(f"{format.duration(run['eta_seconds'])} left")
    if not format.missing(run["memory_mb"]):
        parts.append(format.megabytes(run["memory_mb"]))
    if where := place(run):
        parts.append(f"on {where}")
    return " · ".join(parts)


@dataclass(frozen=True)
class Way:
    """Something that can be done to a run: of which statuses, under which words, and what it does."""

    statuses: tuple[str, ...]
    words: str
    help: str
    does: Callable[[Results, str], object]
    foreign: bool = False  # of runs alone that another account has queued
    here: bool = False  # of runs alone that are trained here

    def fits(self, run: Run) -> bool:
        """Whether it can be done to this run as it stands."""
        fits = run["status"] in self.statuses and (not self.foreign or run["reason"] == seal.FOREIGN)
        return fits and (not self.here or format.missing(run.get("origin")))

    def label(self, run: Run) -> str:
        """What stands on its button; a run that has not begun starts again instead of going on."""
        return "Start again" if self.words == "Resume" and not _begun(run) else self.words


WAYS: dict[str, Way] = {
    "pause": Way(("running",), "Pause", "Keeps its place to go on from.", queue.pause, here=True),
    "stop": Way(("running",), "Stop", "Keeps what it has learned.", queue.stop),
    "start": Way(("queued",), "Start here", seal.FOREIGN, queue.resume, foreign=True),
    "cancel": Way(("queued",), "Cancel", "", queue.cancel),
    "resume": Way(RESUMABLE, "Resume", "Goes on from its last checkpoint.", queue.resume, here=True),
}
"""What can be done to a run, by the name under which a browser asks for it."""


def actions(run: Run) -> None:
    """What can be done to a run as it stands: pause or stop, take out of the queue, go on from its checkpoint.

    In a box of fixed width: a button that goes takes its leave only at the end of a run of the script, and the one
    beside it would slide away from under the pointer between press and release, which loses the click.
    """
    fitting = {name: way for name, way in WAYS.items() if way.fits(run)}
    if not fitting:
        return
    id = str(run["id"])
    with st.container(horizontal=True, width=WAYS_WIDTH, gap="small", key=f"ways-{id}"):
        for name, way in fitting.items():
            text = way.help if name != "resume" or _begun(run) else "Queues it once more."
            st.button(way.label(run), key=f"{name}-{id}", on_click=act, args=(way.does, id), help=text or None)


def _begun(run: Run) -> bool:
    return not format.missing(run["epochs_done"]) and int(run["epochs_done"]) > 0


def start_here(id: str, *, key: str) -> None:
    """The word of a person without which a run that another account has queued does not start."""
    st.button("Start here", key=key, on_click=act, args=(queue.resume, id), help=seal.FOREIGN)


def answered(what: Callable[[Results], object]) -> bool:
    """Do it to the store and look at what it changed; a refusal is said, and False."""
    try:
        what(Results())
    except UserError as error:
        st.toast(format.plain(naming.in_words(str(error))))
        return False
    store_cache.index(now=True)
    return True


def act(what: Callable[[Results, str], object], run_id: str) -> None:
    """Do something to a run, as the answer to a press; a refusal is said."""
    if answered(lambda results: what(results, run_id)):
        st.rerun()  # the whole page: a run that waits or trains has parts that one at rest has not
