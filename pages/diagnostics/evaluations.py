"""The evaluations of chosen runs: which are missing, how far others are, the buttons that start and end them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages.shared import format
from pages.shared.status import answered
from vitcore.analysis import assessments
from vitcore.errors import UserError
from vitcore.runs.folder import Results

TICK = 2.0  # seconds between two looks while something is evaluated


def panel(names: Mapping[str, str], kind: str, draw: Callable[[Mapping[str, str]], None]) -> None:
    """A part for these runs (ids -> names), drawn by `draw`; it looks again by itself only while one is evaluated."""
    works = f"{kind}-works"
    st.session_state[works] = _busy(names, kind)

    def looked_at() -> None:
        if st.session_state[works] != _busy(names, kind):
            st.rerun()  # begun or ended: the whole page anew, with the timer or without
        draw(names)

    st.fragment(looked_at, run_every=TICK if st.session_state[works] else None)()


def _busy(ids: Mapping[str, str], kind: str) -> bool:
    """Whether any of these runs is being evaluated, or waits for it."""
    return any(assessments.state(Results().run(id), kind) in ("waiting", "running") for id in ids)


def ways(names: Mapping[str, str], kind: str, label: str, done: Callable[[str], tuple[int, int]]) -> None:
    """The button for what is missing; a bar and a way out for each run under way; why one could not be evaluated.

    Args:
        names: runs' ids -> what they are called.
        kind: of the evaluation.
        label: of the button.
        done: a run's id -> how many parts are evaluated, and of how many.
    """
    results = Results()
    states = {id: assessments.state(results.run(id), kind) for id in names}
    counts = {id: done(id) for id in names}
    missing = [id for id in names if states[id] in ("", "failed") and counts[id][0] < counts[id][1]]
    if any(state in ("waiting", "running") for state in states.values()):
        try:
            assessments.ensure(results)
        except UserError as error:
            st.error(format.plain(str(error)))
    for id, state in states.items():
        wish = assessments.wished(results.run(id), kind)
        if state == "failed" and wish is not None:
            st.warning(format.plain(f"{names[id]}: {wish.failed}"))
        elif state:
            with st.container(horizontal=True, vertical_alignment="center", key=f"evaluating-{kind}-{id}"):
                part, of = counts[id]
                words = "waits for its turn" if state == "waiting" else f"{part:,} of {of:,}"
                st.progress(part / max(1, of), f"{format.plain(names[id])}: {words}")
                st.button("Cancel", key=f"cancel-{kind}-{id}", on_click=_cancel, args=(id, kind))
    if missing:
        whom = "" if len(missing) == len(names) else f" ({format.number(len(missing), 'run')})"
        st.button(f"{label}{whom}", key=f"evaluate-{kind}", type="primary", on_click=_ask, args=(missing, kind))


def _ask(ids: list[str], kind: str) -> None:
    for id in ids:
        answered(lambda results, id=id: assessments.ask(results, results.run(id), kind))  # type: ignore[misc]
    answered(assessments.ensure)


def _cancel(id: str, kind: str) -> None:
    answered(lambda results: assessments.cancel(results.run(id), kind))
