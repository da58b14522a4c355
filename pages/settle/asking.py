"""The question: which settings, what difference matters, how many runs it may take."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.shared import format
from pages.shared.measured_speeds import speeds
from pages.train.fields import decimal, whole
from vitcore.cost.speed import estimate
from vitcore.errors import Refusal
from vitcore.runs.folder import Results
from vitcore.settle.question import BUDGET, MARGIN, MOST_SETTINGS, ask
from vitcore.settle.sentences import common, names
from vitcore.settle.wishes import ensure
from vitcore.spec import RunSpec

SEEDS = 5  # what the cost of a first look is told for


@dataclass(frozen=True)
class Setting:
    """Options that some stored runs share but for their seed."""

    spec: RunSpec
    ids: list[str]


def form(runs: pd.DataFrame) -> None:
    """Settings chosen among those of stored runs, margin, budget, what it may cost, and the button."""
    settings = _settings(runs)
    with st.container(border=True, key="settle-ask"):
        if len(settings) < 2:
            st.markdown(
                "A question needs two settings that were run at least once, such as one network with two kernels. "
                "Train them, then come back."
            )
            st.page_link("train/page.py", label="Train a setting")
            return
        labels = _labels(settings)
        wished = [id for id in st.query_params.get("runs", "").split(",") if id]
        first = [setting for setting in settings if set(settings[setting].ids) & set(wished)][:MOST_SETTINGS]
        chosen = st.multiselect(
            "Settings", list(settings), first, format_func=lambda mark: labels.get(mark, mark), key="settle-settings",
            max_selections=MOST_SETTINGS, placeholder="Choose two or more",
        )  # fmt: skip
        left, right = st.columns(2)
        with left:
            label = "Difference that matters (points of test error)"
            margin = decimal(label, "settle-margin", 0, 100, MARGIN, help="A smaller difference is called none.")
        with right:
            budget = whole("Runs at most", "settle-budget", 6, 1000, BUDGET, help="Stored runs included.")
        specs = [settings[mark].spec for mark in chosen if mark in settings]
        if len(specs) >= 2:
            _cost(specs, runs)
        ready = len(specs) >= 2 and margin is not None and budget is not None
        if st.button("Settle", type="primary", disabled=not ready, key="settle-go") and margin and budget:
            _go(specs, margin, budget)


def _go(specs: list[RunSpec], margin: float, budget: int) -> None:
    try:
        ask(Results(), specs, margin, budget)
        ensure(Results())
    except Refusal as refusal:
        st.error(format.plain(f"{str(refusal)[:1].upper()}{str(refusal)[1:]}."))
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


def _settings(runs: pd.DataFrame) -> dict[str, Setting]:
    """Settings of stored runs, newest first, by their fingerprint."""
    found = {}
    for mark, some in runs.groupby("fingerprint", sort=False) if len(runs) else ():
        ids = [str(id) for id in some["id"]]
        try:
            found[str(mark)] = Setting(RunSpec.of(Results().run(ids[0]).spec(), seed=0, name=""), ids)
        except Refusal:  # deleted meanwhile, or no longer valid
            continue
    return found


def _labels(settings: dict[str, Setting]) -> dict[str, str]:
    """Each setting by network, kernel and data, and by what tells it from others that are alike in these."""
    titles = {mark: one.spec.title().rpartition(", seed")[0] for mark, one in settings.items()}
    found = {}
    for mark, title in titles.items():
        alike = [other for other in titles if titles[other] == title]
        apart = names([settings[other].spec for other in alike])[alike.index(mark)] if len(alike) > 1 else ""
        found[mark] = f"{' · '.join(filter(None, (title, apart)))} ({format.number(len(settings[mark].ids), 'run')})"
    return found
