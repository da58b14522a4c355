"""The question: which settings, what difference matters, how many runs it may take."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.shared import addressed, format
from pages.shared.measured_speeds import speeds
from pages.shared.run_picker import gone
from pages.shared.stored_settings import Setting, labels_of, settings_of
from pages.train.fields import decimal, whole
from vitcore.cost.speed import estimate
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.settle.drivers import ensure
from vitcore.settle.question import BUDGET, MARGIN, MOST_SETTINGS, ask
from vitcore.settle.sentences import common, names
from vitcore.spec import RunSpec

SEEDS = 5  # what the cost of a first look is told for


def form(runs: pd.DataFrame) -> None:
    """Settings chosen among those of stored runs, margin, budget, what it may cost, and the button."""
    settings = settings_of(runs)
    with st.container(border=True, key="settle-ask"):
        if len(settings) < 2:
            st.markdown(
                "A question needs two settings that were run at least once, such as one network with two kernels. "
                "Train them, then come back."
            )
            st.page_link("train/page.py", label="Train a setting")
            return
        chosen = _chosen(settings)
        left, right = st.columns(2)
        with left:
            label = "Difference that matters (points of test error)"
            margin = decimal(label, "settle-margin", 0, 100, MARGIN, help="A smaller difference is called none.")
        with right:
            budget = whole("Runs at most", "settle-budget", 6, 1000, BUDGET, help="Stored runs included.")
        specs = [settings[fingerprint].spec for fingerprint in chosen if fingerprint in settings]
        if len(specs) >= 2:
            _cost(specs, runs)
        else:
            more = "two settings" if not specs else "one more setting"
            st.caption(f"Choose {more} to compare; each is trained again with other seeds.")
        ready = len(specs) >= 2 and margin is not None and budget is not None
        if st.button("Settle", type="primary", disabled=not ready, key="settle-go"):
            _go(specs, margin or 0.0, budget or 0)


def _chosen(settings: dict[str, Setting]) -> list[str]:
    """Which settings; at first those of the runs that the address names, and what of them is not to be had is said."""
    state, labels = st.session_state, labels_of(settings)
    address = st.query_params.get("runs", "")
    if state.get("settle-address") != address:
        wished = list(dict.fromkeys(filter(None, address.split(","))))
        named = [fingerprint for fingerprint, setting in settings.items() if set(setting.ids) & set(wished)]
        state["settle-address"], state["settle-settings"] = address, named[:MOST_SETTINGS]
        state["settle-told"] = _doubts(wished, named, {id for setting in settings.values() for id in setting.ids})
    state["settle-settings"] = [
        fingerprint for fingerprint in state.get("settle-settings", ()) if fingerprint in settings
    ]
    for sentence in [*addressed.unknown(("runs",)), *state.get("settle-told", ())]:
        st.warning(format.plain(sentence))
    chosen = st.multiselect(
        "Settings", list(settings), format_func=lambda key: labels.get(key, key), key="settle-settings",
        max_selections=MOST_SETTINGS, placeholder="Choose two or more",
        on_change=lambda: state.pop("settle-told", None),
    )  # fmt: skip
    return list(chosen)


def _doubts(wished: list[str], named: list[str], known: set[str]) -> list[str]:
    """What the address asks for and is not chosen."""
    sentences = [
        f"The address names {addressed.listed([run])}, which {gone(run)}; choose a setting of another run."
        for run in wished
        if run not in known
    ]
    if len(named) > MOST_SETTINGS:
        sentences.append(
            f"The address names runs of {len(named)} settings; {MOST_SETTINGS} of them are chosen, as many as fit."
        )
    return sentences


def _go(specs: list[RunSpec], margin: float, budget: int) -> None:
    try:
        ask(Results(), specs, margin, budget)
        ensure(Results())
    except UserError as error:
        st.error(format.sentence(error))
        return
    st.session_state["settle-busy"] = True
    st.rerun()


def _cost(specs: list[RunSpec], runs: pd.DataFrame) -> None:
    """What they share, what tells them apart, and how long the first seeds may take."""
    rounds = [RunSpec.of(spec, seed=seed) for seed in range(SEEDS) for spec in specs]
    needed = estimate(rounds, runs, measured=speeds())
    shared = common(specs)
    st.caption(
        format.plain(
            (f"All: {shared}. " if shared else "")
            + f"Compared: {'; '.join(names(specs))}. {SEEDS} seeds of each: {needed}; most questions take between "
            "3 and 20."
        )
    )
