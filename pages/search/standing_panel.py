"""One search: what it says, what is expected of each budget, its trials, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from pages.search import confirming, views
from pages.server import store_cache
from pages.shared import format
from pages.shared.evidence import evidence
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.search import wishes
from vitcore.search.plan import PRUNERS, SAMPLERS, Search, forget
from vitcore.search.sentences import common, conclusion, names
from vitcore.search.standing import Standing, standing
from vitcore.settle.question import FOREIGN
from vitcore.store import queries
from vitcore.store.provenance import Provenance

Shade = Literal["gray", "blue", "green", "orange", "red"]
SHADES: dict[str, Shade] = {"open": "blue", "complete": "green", "stopped": "gray", "blocked": "red"}
WATCHED = 8  # of its newest runs


def show(search: Search) -> None:
    """Draws it as it stands now."""
    stands: Standing = store_cache.view(
        ("search", search.key, len(search.trials)), lambda index: standing(search, queries.runs(index))
    )
    with st.container(border=True, key=f"search-{search.key}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{format.plain(' against '.join(names(search)))}**")
            st.badge(search.state, color=SHADES.get(search.state, "gray"))
        st.caption(format.plain(_asked(search)))
        st.markdown(format.plain(conclusion(search, stands)))
        if not search.own and not search.ended:
            st.caption(FOREIGN)
        ended, all_trials = len(stands.ended()), len(search.arms) * search.budget.each
        if ended < all_trials:
            st.progress(ended / all_trials, f"{ended} of {format.number(all_trials, 'trial')}")
        views.show(search, stands)
        confirming.show(search, stands)
        evidence(_provenance(search, stands), "Evidence", key=f"evidence-{search.key}")
        _ways(search, stands)


def _asked(search: Search) -> str:
    """What the arms share, what is searched, and the budget."""
    budget = search.budget
    shared = common(search) if len(search.arms) > 1 else ""
    searched = "; ".join(dimension.words() for dimension in search.space)
    repeats = f", {budget.repeats} repeats" if budget.repeats > 1 else ""
    pruned = f", pruned by {PRUNERS[budget.pruner]}" if budget.pruner != "none" else ""
    each = "each: " if len(search.arms) > 1 else ""
    spent = (
        f"{each}{format.number(budget.trials, 'trial')} ({SAMPLERS[budget.sampler]}{pruned}), "
        f"{format.number(budget.epochs, 'epoch')}, {format.number(budget.seeds, 'seed')}{repeats}"
    )
    return " · ".join(filter(None, [shared, f"searched: {searched}", spent]))


def _provenance(search: Search, stands: Standing) -> Provenance:
    """Each run's validation error, and the answer again."""
    ids = tuple(id for each in stands.outcomes for id in each.runs)
    notebook = (
        "import vitcore as vc\nfrom vitcore.runs.folder import Results\nfrom vitcore.search.plan import load\n"
        "from vitcore.search.sentences import answer\nfrom vitcore.search.standing import standing\n\n"
        f"search = load(Results(), {search.key!r})\nanswer(search, standing(search, vc.runs()))"
    )
    return Provenance("", ids, f"python -m vitcore search show {search.key}", notebook)


def _ways(search: Search, stands: Standing) -> None:
    """To the runs; give up, go on, delete."""
    results = Results()
    with st.container(horizontal=True, vertical_alignment="center", key=f"ways-{search.key}"):
        latest = [id for each in stands.outcomes for id in each.runs][-WATCHED:]
        if latest:
            st.page_link("live/page.py", label="Watch the runs", query_params={"runs": ",".join(latest)})
        if search.worked_on:
            _button("Stop", f"stop-{search.key}", lambda: wishes.stop(results, search.key))
        else:
            if search.ended != "complete":
                _button("Go on", f"go-on-{search.key}", lambda: wishes.go_on(results, search.key))
            _button("Delete the search", f"forget-{search.key}", lambda: forget(results, search.key))


def _button(label: str, key: str, act: Callable[[], object]) -> None:
    if st.button(label, key=key):
        try:
            act()
        except UserError as error:
            st.error(format.plain(str(error)))
            return
        store_cache.index(now=True)
        st.session_state.pop("search-busy", None)
        st.rerun()
