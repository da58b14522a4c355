"""Live: the runs that train now, or any chosen ones: progress, curves, the confusion matrix; pause, stop, the queue."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from pages.live.learning_curves import curves
from pages.live.live_updates import PageState, address
from pages.live.notifier import notifier
from pages.live.options_panel import options
from pages.live.queue_panel import waiting
from pages.live.run_header import head, numbers
from pages.live.run_table import AT_ONCE, table
from pages.server import store_cache
from pages.server.change_poller import poll_changes
from pages.shared import format, frame, naming, run_colors
from pages.shared.confusion_panel import SPLITS, confusions
from pages.shared.run_picker import pick_runs
from pages.shared.status import Run
from vitcore.errors import UserError
from vitcore.runs import system_load
from vitcore.runs.files import open_own
from vitcore.runs.folder import Results
from vitcore.settle.question import MOST_SETTINGS
from vitcore.spec import differing
from vitcore.store import queries

LINGER = 10.0  # seconds in which it goes on looking after the last run has ended
LOG_BYTES = 20_000


def confusion(rows: Sequence[Run], called: Mapping[str, str]) -> None:
    """Which classes one of the runs takes for which, epoch by epoch, and the images behind it."""
    index = store_cache.index()
    known = {run["id"]: run for run in rows if any(queries.confusion_epochs(index, run["id"], of) for of in SPLITS)}
    if not known:
        return
    st.subheader("Confusion matrix", anchor=False)
    id = next(iter(known))
    if len(known) > 1:
        if st.session_state.get("confusion-run") not in known:
            st.session_state["confusion-run"] = id  # the one it was of is not chosen any more
        id = st.selectbox("Of", list(known), format_func=lambda id: called.get(id, id), key="confusion-run", width=420)
    confusions(known[id], called[id], key="confusion")


def logs(state: PageState) -> None:
    """What the trainers had to say, and the worker's log of one run: the only one, or one that is chosen."""
    called, several = state.called.names, len(state.rows) > 1
    texts: dict[str, list[str]] = {}
    for run in state.rows:
        for text in state.notes[run["id"]]:
            texts.setdefault(text, []).append(called[run["id"]])
    for text, whose in texts.items():
        of = f"{len(whose)} of {len(called)} runs" if len(whose) > 3 else ", ".join(whose)
        st.caption(format.plain(f"{text} · {of}" if several else text))
    written = {run["id"]: found for run in state.rows if (found := log(run))}
    if not written:
        return
    with st.expander("The worker's log", key="live-log"):
        id = next(iter(written))
        if several:
            if st.session_state.get("log-run") not in written:
                st.session_state["log-run"] = id
            id = st.selectbox("Of", list(written), format_func=lambda id: called.get(id, id), key="log-run", width=420)
        st.code(written[id], language=None, height=240)


def log(run: Run) -> str:
    """The end of what a run's process wrote; empty where there is nothing."""
    try:
        with open_own(Results().run(run["id"]).log) as file:
            file.seek(-min(LOG_BYTES, os.fstat(file.fileno()).st_size), os.SEEK_END)
            return file.read(LOG_BYTES).decode(errors="replace").replace("\0", "").strip()
    except (OSError, UserError):  # none, or none that can be read: the run's row says why
        return ""


def moving(active: bool) -> bool:
    """Whether some run waits or trains, or did a moment ago: one that is being taken up is neither for an instant."""
    now = time.monotonic()
    if active:
        st.session_state["live-moved"] = now
    moved: float = st.session_state.get("live-moved", -math.inf)
    return now - moved < LINGER


@st.fragment(key="live-top")
def top(ids: list[str]) -> None:
    """How far the chosen runs are, and what can be done to them."""
    state = PageState.at(ids)
    st.session_state["live-changes"] = state.changes
    st.space("small")
    if len(state.rows) == 1:
        head(state.rows[0], state.called.names[state.rows[0]["id"]])
        numbers(state.rows[0])
    elif state.rows:
        table(state.rows, state.called, run_colors.places(ids, page="live"), key="live-table")


@st.fragment(key="live-learned")
def learned(ids: list[str]) -> None:
    """What the chosen runs have learned, and what was said of it."""
    state = PageState.at(ids)
    st.session_state["live-learned"] = state.learned
    if all(run["status"] == "queued" for run in state.rows):
        return
    curves(state.rows, state.called.names, run_colors.places(ids, page="live"))
    confusion(state.rows, state.called.names)
    logs(state)


@st.fragment(key="live-around")
def around(ids: list[str]) -> None:
    """What else this machine does, and what waits for it."""
    state = PageState.at(ids)
    if state.others:
        st.subheader("Also running", anchor=False)
        table(state.others, differing.called(state.others), {}, key="live-others")
    if "running" in state.statuses:
        st.caption(f"This machine: {system_load.busy()}.")
    if "queued" in state.statuses:
        waiting()


def on_change(ids: list[str]) -> list[str]:
    """Which parts of the page are to be drawn anew, since something has changed."""
    state = PageState.at(ids)
    if moving(state.active) != st.session_state.get("live-moves"):
        st.rerun()  # the whole page, with a pulse of the other pace
    if state.changes == st.session_state.get("live-changes"):
        return []
    more = state.learned != st.session_state.get("live-learned")
    return ["live-top", *(["live-learned"] if more else []), "live-around"]


def above(ids: list[str]) -> None:
    """What the chosen runs share, said once; of a single run its own line says it."""
    text = naming.called(ids).above() if ids else "No run is chosen."
    if text:
        st.caption(format.plain(text), width="stretch")


def question(everything: pd.DataFrame, ids: list[str]) -> None:
    """The way to Settle with the settings that are shown, where a question takes as many and they learn one thing."""
    runs = everything[everything["id"].isin(ids)].dropna(subset=["fingerprint"]).drop_duplicates("fingerprint")
    if 2 <= len(runs) <= MOST_SETTINGS and runs["dataset"].nunique() == 1:
        label = f"Settle which of these {len(runs)} settings is better"
        st.page_link("settle/page.py", label=label, query_params={"runs": ",".join(map(str, runs["id"]))})


def begin() -> list[str]:
    """The whole page once something is stored, by whomever."""
    if not store_cache.runs(now=True).empty:
        st.rerun()
    return []


frame.heading("Live", "Runs as they learn. Close the page, stop the server: training goes on.")
everything = store_cache.runs(now=True)
if everything.empty:
    st.markdown("Nothing has been trained yet.")
    st.page_link("train/page.py", label="Train a model")
    poll_changes(address([]), begin, key="live-pulse", still=True)
else:
    now = everything[everything["status"] == "running"]
    first = list((now if len(now) else everything.head(1))["id"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="live-which"):
        chosen = pick_runs(everything, key="live-runs", first=first, most=AT_ONCE, folded=True)
        above(chosen)
    top(chosen)
    question(everything, chosen)
    options(chosen)
    learned(chosen)
    around(chosen)
    notifier(chosen)
    moves = st.session_state["live-moves"] = moving(not store_cache.active(everything).empty)
    poll_changes(address(chosen), partial(on_change, chosen), key="live-pulse", still=not moves)
