"""Search: the best values of some options, for one setting or several with equal budgets, and what that shows."""

from __future__ import annotations

import streamlit as st

from pages.search import asking, standing_panel
from pages.server import store_cache
from pages.shared import addressed, format, frame
from vitcore.runs.background import is_open
from vitcore.runs.folder import Results
from vitcore.search.plan import Search, searches
from vitcore.search.sentences import names
from vitcore.settle.question import load

TICK = 2.0  # seconds between two looks while a search is open
SHOWN = "search-shown"


def busy(search: Search) -> bool:
    """Whether something is still to come of it."""
    return search.worked_on or bool(search.confirmed and is_open(Results(), search.confirmed, load))


def found() -> None:
    """The search that is chosen, the newest at first; looked at again and again while something is to come of it."""
    asked = {search.key: search for search in searches(Results())}
    if not asked:
        st.caption("Nothing was searched yet. What is searched stays here, with its answer and the runs behind it.")
        return
    if st.session_state.get(SHOWN) not in asked:
        st.session_state[SHOWN] = next(iter(asked))
    if len(asked) > 1:
        st.selectbox(
            "Search", list(asked), format_func=lambda key: _called(asked[key]) if key in asked else key, key=SHOWN
        )
    search = asked[st.session_state[SHOWN]]
    if busy(search) != st.session_state.get("search-busy"):
        st.session_state["search-busy"] = busy(search)
        st.rerun()  # before anything is drawn twice
    standing_panel.show(search)


def _called(search: Search) -> str:
    searched = ", ".join(each.name for each in search.space)
    return f"{' against '.join(names(search))} · {searched} · {search.key} · {search.state}"


def _from_address() -> None:
    """The search that the address names, where it is there; what it names else is said."""
    wished = st.query_params.get("search", "")
    if wished and st.session_state.get("search-address") != wished:
        st.session_state["search-address"] = wished
        if wished in {search.key for search in searches(Results())}:
            st.session_state[SHOWN] = wished
        else:
            st.warning(format.plain(f"The address names {addressed.listed([wished])}, and there is no such search."))
    for sentence in addressed.unknown(("search",)):
        st.warning(format.plain(sentence))


frame.heading(
    "Search",
    "Which learning rate, decay, width … is best? As many trials, epochs and seeds for one setting as for the other, "
    "chosen by validation error; the test images wait for Confirm.",
)
_from_address()
asking.form(store_cache.runs())
st.subheader("Searches", anchor=False)
st.session_state.setdefault("search-busy", False)
st.fragment(found, run_every=TICK if st.session_state["search-busy"] else None)()
with st.expander("What is said, and what that assumes"):
    st.markdown(
        "The best of many trials flatters: more trials always find a lower validation error. So settings are compared "
        "by what the best of *so many* trials is expected to reach, with one budget for all (Dodge et al. 2019), "
        "estimated without the bias of their estimate (Tang et al. 2020). Random trials are independent, and the "
        "interval, meant to cover 95 of 100, covered 82 to 96 of 100 simulated searches: least with twelve trials of "
        "which one in ten is good (`docs/search.md`); it knows nothing of settings so rare that none was drawn. TPE's "
        "trials depend on one another: one search has no interval, three or more have one.\n\n"
        "A diverged run counts with 100 %, a pruned trial with the error it was stopped at; trials that a pruner "
        "judges depend on one another, as TPE's do. Which setting does better is said once all trials have ended: read "
        "after each of them, it would be said of equal settings far more often. A winner is called noise where fewer "
        "than six validation images lie between it and the next (of one seed each, no test of these images could tell "
        "them apart), or where the seeds of both spread as widely. It speaks of these ranges, these validation images "
        "and this budget."
    )
