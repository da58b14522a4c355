"""Choosing runs: the choice stands in the address, so that a link opened elsewhere shows the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial

import pandas as pd
import streamlit as st

from pages.shared import addressed, format, naming
from vitcore.apart import apart
from vitcore.runs.folder import Results
from vitcore.spec.differing import Called

MOST = 8


def gone(run: str) -> str:
    """Why a run cannot be shown that is not among those stored."""
    return "has been deleted; Compare's trash has it" if run in Results().trashed() else "is not stored here"


def pick_runs(
    table: pd.DataFrame,
    *,
    key: str,
    first: Sequence[str],
    label: str = "Runs",
    why: Callable[[str], str] = gone,
    most: int = MOST,
    folded: bool = False,
    under: Mapping[str, str] | None = None,
) -> list[str]:
    """A multiple choice of runs, newest first; at first what the address names, else `first`.

    What an address asks for and is not shown is said above the choice, until another choice is made. The chosen are
    called by what differs among them, the others by what tells them from all that are stored; what the chosen share
    is said under the choice.

    Args:
        folded: behind a button, for a page that names the runs itself, and says itself what they share.
        most: so many can be chosen.
        under: by id what a run is listed under, such as its dataset; the table's order keeps such runs together.
        why: of a run that the address names and that is not in the table, what is the matter with it.
    """
    state, known = st.session_state, naming.everything()
    titles = {run: known.get(run, run) for run in table["id"]}
    doubts, written = f"{key}-told", f"{key}-written"
    if key not in state or asked_anew(key):
        named = list(dict.fromkeys(filter(None, st.query_params.get("runs", "").split(","))))
        there = [run for run in named if run in titles]
        state[key] = there or [run for run in first if run in titles]
        state[doubts] = _doubts(named, there, [titles[run] for run in state[key][:most]], len(state[key]), why, most)
    state[key] = [run for run in state[key] if run in titles][:most]
    for sentence in [*addressed.unknown(("runs",)), *state.get(doubts, ())]:
        st.warning(format.plain(sentence))
    called = naming.of(table[table["id"].isin(state[key])])
    words = _words(titles, called)
    with st.popover(f"Choose {label.lower()}", key=f"{key}-choice") if folded else nullcontext():
        chosen = st.multiselect(
            label,
            list(titles),
            key=key,
            format_func=lambda run: " · ".join(filter(None, [(under or {}).get(run), words.get(run, run)])),
            max_selections=most,
            placeholder="Choose runs",
            on_change=partial(state.pop, doubts, None),
        )
    if not folded and (shared := called.above()):
        st.caption(format.plain(shared))
    if chosen:
        st.query_params["runs"] = ",".join(chosen)
    elif "runs" in st.query_params:
        del st.query_params["runs"]
    state[written] = ",".join(chosen)
    return list(chosen)


def asked_anew(key: str) -> bool:
    """Whether the address names runs and is not this choice's own: it was opened, or gone back to.

    The store is then to be asked `now`: what was stored a moment ago may be just what the address names.
    """
    address = st.query_params.get("runs", "")
    return bool(address) and address != st.session_state.get(f"{key}-written")


def _words(titles: dict[str, str], called: Called) -> dict[str, str]:
    """What each is called in the choice: no two alike, the chosen by what differs among them."""
    return dict(zip(titles, apart([called.names.get(run, title) for run, title in titles.items()]), strict=True))


def _doubts(
    named: list[str], known: list[str], shown: list[str], asked: int, why: Callable[[str], str], most: int
) -> list[str]:
    """A sentence for each reason why what an address names is not shown."""
    reasons: dict[str, list[str]] = {}
    for run in named:
        if run not in known:
            reasons.setdefault(why(run), []).append(run)
    other = f"{shown[0]} is shown instead" if len(shown) == 1 else "others are shown instead"
    instead = "the rest is shown" if known else other
    messages = []
    for reason, runs in reasons.items():
        each = "which" if len(runs) == 1 else "each of which"
        messages.append(f"The address names {addressed.listed(runs)}, {each} {reason}; {instead}.")
    if not named and asked > most:
        messages.append(f"{asked:,} runs are running; the first {most} of them are shown, as many as fit.")
    if len(known) > most:
        messages.append(f"The address names {len(known):,} runs; the first {most} of them are shown, as many as fit.")
    return messages
