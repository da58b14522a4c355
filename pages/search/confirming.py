"""The best of a search run again with fresh seeds: asked for, under way, and what they say of the winner."""

from __future__ import annotations

import streamlit as st

from pages.server import store_cache
from pages.shared import format
from pages.train.fields import decimal, whole
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.search import wishes
from vitcore.search.best import ranked
from vitcore.search.plan import Search
from vitcore.search.sentences import confirmed
from vitcore.search.standing import Standing
from vitcore.settle.question import BUDGET, MARGIN, MOST_SETTINGS, load
from vitcore.settle.standing import standing


def show(search: Search, stands: Standing) -> None:
    """What was confirmed, or how it can be; nothing while the search is open."""
    if search.confirmed:
        _by_fresh_seeds(search)
    elif search.ended and len(ranked(stands.outcomes, search)) > 1:
        with st.expander("Confirm the best with fresh seeds", expanded=search.ended == "complete"):
            _ask(search)


def _by_fresh_seeds(search: Search) -> None:
    try:
        question = load(Results(), search.confirmed)
    except UserError:
        st.caption("The question that was to confirm it has been deleted.")
        return
    stands = standing(question, store_cache.runs())
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{format.plain(confirmed(question, stands))}**")
        st.page_link("settle/page.py", label="Every pair of them")
    if question.sentence:
        st.caption(format.plain(question.sentence))
    else:
        st.caption(f"{stands.spent} of at most {format.number(question.budget, 'run')}.")


def _ask(search: Search) -> None:
    st.caption(
        "They were chosen for their validation error, which flatters. Trained again with seeds that chose nothing, and "
        "only now evaluated on the test images; Settle says which is better, or that none is."
    )
    first, second, third = st.columns(3)
    most = MOST_SETTINGS // len(search.arms)
    with first:
        label = "Best of each setting" if len(search.arms) > 1 else "Best trials"
        count = whole(label, f"confirm-count-{search.key}", 1, most, wishes.usual_count(search))
    with second:
        margin = decimal("Difference that matters (points)", f"confirm-margin-{search.key}", 0, 100, MARGIN)
    with third:
        budget = whole("Runs at most", f"confirm-budget-{search.key}", 6, 1000, BUDGET)
    ready = None not in (count, margin, budget)
    if st.button("Confirm", type="primary", key=f"confirm-{search.key}", disabled=not ready):
        try:
            wishes.confirm(Results(), search.key, count, margin or 0.0, budget or 0)
        except UserError as error:
            st.error(format.sentence(error))
            return
        st.session_state.pop("search-busy", None)
        st.rerun()
