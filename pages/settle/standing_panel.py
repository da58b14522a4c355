"""One question: its answer in words, the intervals as they narrow, what it has cost, and what can be done with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pandas as pd
import streamlit as st

from pages.server import store_cache
from pages.shared import format
from pages.shared.chart import chart
from pages.shared.evidence import evidence
from pages.shared.measured_speeds import speeds
from vitcore.cost.speed import estimate
from vitcore.errors import UserError
from vitcore.figures.sequence import narrowing
from vitcore.runs.folder import Results
from vitcore.settle import wishes
from vitcore.settle.question import FOREIGN, Question, forget
from vitcore.settle.sentences import answer, common, names
from vitcore.settle.standing import Pairing, Standing, pairs_to_come, standing
from vitcore.spec import RunSpec
from vitcore.store.provenance import Provenance, of_runs

Shade = Literal["gray", "blue", "green", "orange", "red"]
SHADES: dict[str, Shade] = {"open": "blue", "answered": "green", "spent": "orange", "stopped": "gray", "blocked": "red"}
DRAWN = 6  # pairs of settings that are drawn at once


def show(question: Question, runs: pd.DataFrame) -> None:
    """Draws it as it stands now."""
    stands = standing(question, runs)
    called = names(question.settings)
    with st.container(border=True, key=f"question-{question.key}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{format.plain(' against '.join(called))}**")
            st.badge(question.state, color=SHADES.get(question.state, "gray"))
        st.caption(format.plain(f"{common(question.settings)} · margin {question.margin:g} points"))
        st.markdown(format.plain(question.sentence or answer(question, stands)))
        if not question.own and not question.ended:
            st.caption(FOREIGN)
        st.progress(
            min(1.0, stands.spent / question.budget),
            f"{stands.spent} of at most {format.number(question.budget, 'run')}{_to_come(question, stands, runs)}",
        )
        drawn = [pairing for pairing in stands.pairings if pairing.differences][:DRAWN]
        for place, pairing in enumerate(drawn):
            _draw(question, pairing, called, place)
        evidence(_provenance(question, stands), "Evidence", key=f"evidence-{question.key}")
        _ways(question, stands)


def _provenance(question: Question, stands: Standing) -> Provenance:
    """Each run's test error by setting and seed, and the answer again."""
    ids = [id for _, id in sorted(stands.runs.items())]
    notebook = (
        "import vitcore as vc\nfrom vitcore.runs.folder import Results\nfrom vitcore.settle.question import load\n"
        "from vitcore.settle.sentences import answer\nfrom vitcore.settle.standing import standing\n\n"
        f"question = load(Results(), {question.key!r})\nanswer(question, standing(question, vc.runs()))"
    )
    return replace(of_runs(ids, ["error_percent"]), command="", notebook=notebook)


def _draw(question: Question, pairing: Pairing, called: list[str], place: int) -> None:
    first, second = called[pairing.first], called[pairing.second]
    st.caption(
        format.plain(
            f"Test error of {first} minus that of {second}: below zero {first} is better. "
            f"Dotted: the margin, {question.margin:g} points."
        )
    )
    figure = narrowing(pairing.differences, pairing.sequence, question.margin)
    chart(figure, key=f"narrowing-{question.key}-{place}", name=f"settle-{question.key}")


def _to_come(question: Question, stands: Standing, runs: pd.DataFrame) -> str:
    """How much longer it may take, where that can be told."""
    if not question.worked_on or stands.state != "open":
        return ""
    guesses = [pairs_to_come(pairing, question, len(stands.pairings)) for pairing in stands.pairings]
    known = [guess for guess in guesses if guess is not None]
    if not known:
        return ""
    seed = max((seed for _, seed in stands.runs), default=0)
    specs = [RunSpec.of(question.settings[place], seed=seed + 1) for place in stands.racing]
    needed = estimate(specs, runs, measured=speeds()).minutes * max(known)
    minutes = "" if math.isnan(needed) else f", {format.duration(60 * needed)}"
    return f"; about {format.number(max(known), 'pair')} of seeds more{minutes} if things go on as seen"


def _ways(question: Question, stands: Standing) -> None:
    """To the runs; give up, go on, delete."""
    results = Results()
    with st.container(horizontal=True, vertical_alignment="center", key=f"ways-{question.key}"):
        latest = [id for (_, _), id in sorted(stands.runs.items(), key=lambda item: item[1])][-8:]
        if latest:
            st.page_link("live/page.py", label="Watch the runs", query_params={"runs": ",".join(latest)})
        if question.worked_on:
            _button("Stop", f"stop-{question.key}", lambda: wishes.stop(results, question.key))
        else:
            if question.ended != "answered":
                more = question.budget * 2 if question.ended == "spent" else question.budget
                label = f"Go on, up to {format.number(more, 'run')}" if question.ended == "spent" else "Go on"
                _button(label, f"go-on-{question.key}", lambda: wishes.go_on(results, question.key, more))
            _button("Delete the question", f"forget-{question.key}", lambda: forget(results, question.key))


def _button(label: str, key: str, act: Callable[[], object]) -> None:
    if st.button(label, key=key):
        try:
            act()
        except UserError as error:
            st.error(format.plain(str(error)))
            return
        store_cache.index(now=True)
        st.session_state.pop("settle-busy", None)
        st.rerun()
