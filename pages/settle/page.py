"""Settle: ask which setting is better, and run as many seeds as the answer takes."""

from __future__ import annotations

import streamlit as st

from pages.server import store_cache
from pages.settle import asking, standing_panel
from pages.shared import frame
from vitcore.runs.folder import Results
from vitcore.settle.question import questions

TICK = 2.0  # seconds between two looks while a question is open


def answers() -> None:
    """Every question, newest first; looked at again and again while one is open."""
    asked = questions(Results())
    runs = store_cache.runs()
    if not asked:
        st.caption("Nothing was asked yet. What is asked stays here, with its answer and the runs behind it.")
    for question in asked:
        standing_panel.show(question, runs)
    busy = any(question.worked_on for question in asked)
    if busy != st.session_state.get("settle-busy"):
        st.session_state["settle-busy"] = busy
        st.rerun()


frame.heading(
    "Settle",
    "Does A beat B? Both are trained with the same seeds, and after every pair a test that may be looked at any time "
    "decides: one is better, no difference that matters, or still open. It stops by itself.",
)
asking.form(store_cache.runs())
st.subheader("Questions", anchor=False)
st.session_state.setdefault("settle-busy", any(question.worked_on for question in questions(Results())))
st.fragment(answers, run_every=TICK if st.session_state["settle-busy"] else None)()
with st.expander("How it decides, and what that assumes"):
    st.markdown(
        "The interval is a *confidence sequence* for the mean difference of paired seeds: with 95 % probability "
        "it holds the true mean after every pair at once, so one may look after each and stop at will (a t-test "
        "looked at as often is wrong several times as often). It is the one of Gönen et al. 2005 and Hendriksen "
        "et al. 2021, with a prior variance of 3 for the standardized difference. Of the 5 % a fifth is spent on "
        "whether one of the two diverges more often. With several settings the 5 % are shared among all pairs "
        "(Bonferroni), and who is shown to be worse is dropped.\n\n"
        "It assumes that differences between paired seeds are independent and nearly normal. Where one setting "
        "now and then gets stuck and the other never does, it can be wrong more often than 5 %: `docs/settle.md` "
        "has the simulation. It speaks of other seeds on these test images, not of other test images."
    )
