"""Settle's questions that are not decided: what each may still take, and the way to it."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from pages.shared import format
from pages.shared.measured_speeds import speeds
from vitcore.runs.folder import Results
from vitcore.settle.question import Question, questions
from vitcore.settle.sentences import names
from vitcore.settle.standing import pairs_to_come, standing
from vitcore.spec import RunSpec

SHOWN = 5


def open_questions(runs: pd.DataFrame) -> None:
    """A line each, newest first; nothing where all are decided."""
    found = [question for question in questions(Results()) if question.ended != "answered"]
    if not found:
        return
    st.subheader("Open questions", anchor=False)
    with st.container(border=True, gap="xsmall", key="open-questions"):
        for question in found[:SHOWN]:
            called = " against ".join(names(question.settings))
            with st.container(gap=None):
                st.page_link("settle/page.py", label=format.plain(called))
                st.caption(format.plain(_to_come(question, runs)))
        if len(found) > SHOWN:
            st.page_link("settle/page.py", label=f"and {len(found) - SHOWN:,} more")


def _to_come(question: Question, runs: pd.DataFrame) -> str:
    """'3 more seeds of each, 12 min', as far as it can be told; else how it stands."""
    if question.ended == "spent":
        return f"its {question.budget} runs are spent, and it is still open"
    if question.ended:
        return question.ended
    stands = standing(question, runs)
    guesses = [pairs_to_come(pairing, question, len(stands.pairings)) for pairing in stands.pairings]
    known = [guess for guess in guesses if guess is not None]
    if not known:
        left = max(question.budget - stands.spent, 0)
        return f"too few seeds to say how many more; at most {format.number(left, 'run')}"
    from vitcore.cost.speed import estimate  # brings scipy's optimizers, for which a first paint need not wait

    seed = max((seed for _, seed in stands.runs), default=0) + 1
    specs = [RunSpec.of(question.settings[place], seed=seed) for place in stands.racing]
    minutes = estimate(specs, runs, measured=speeds()).minutes * max(known)
    time = "" if math.isnan(minutes) else f", {format.duration(60 * minutes)}"
    return f"{format.number(max(known), 'more seed')} of each{time}, if things go on as they did"
