"""What to search: the arms, the options with their ranges, the budget of each arm, and the button."""

from __future__ import annotations

from typing import get_args

import pandas as pd
import streamlit as st

from pages.shared import format
from pages.shared.measured_speeds import speeds
from pages.shared.stored_settings import Setting, labels_of, settings_of
from pages.train.fields import whole
from vitcore.cost.speed import estimate
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.search.asking import ask, check, usual_sampler
from vitcore.search.drivers import ensure
from vitcore.search.plan import (
    EPOCHS,
    MOST_REPEATS,
    MOST_SEEDS,
    MOST_TRIALS,
    PRUNERS,
    SAMPLERS,
    SEEDS,
    TRIALS,
    Budget,
    Pruner,
    Sampler,
    setting,
)
from vitcore.search.space import Dimension, parse, propose, searchable
from vitcore.settle import settings as typed
from vitcore.spec import RunSpec

AT_FIRST = ("learning_rate", "weight_decay")
USUAL = {
    "architecture=cct-mini/3x3 dataset=digits": "cct-mini/3x3 on digits",
    "architecture=cct-mini/3x3 dataset=digits kernel=relu": "cct-mini/3x3 with ReLU on digits",
}
"""Settings that are offered beside the stored ones: they train without a download, in seconds."""


def form(runs: pd.DataFrame) -> None:
    """Draws it; a click stores the search and starts who works on it."""
    with st.container(border=True, key="search-ask"):
        arms = _arms(settings_of(runs))
        space = _space(arms[0] if arms else RunSpec.begun())
        budget, seed = _budget(len(arms))
        ready = bool(arms) and space is not None and budget is not None and seed is not None
        if ready:
            _cost(arms, space or [], budget or Budget(), runs)
        elif not arms:
            st.caption("Choose what is searched for: one setting, or several to compare.")
        if st.button("Search", type="primary", disabled=not ready, key="search-go"):
            _go(arms, space or [], budget or Budget(), seed or 0)


def _arms(settings: dict[str, Setting]) -> list[RunSpec]:
    """Stored settings, and such as are typed; what cannot be read is said beneath."""
    labels = labels_of(settings) | USUAL
    chosen = st.multiselect(
        "Settings",
        [*settings, *USUAL],
        format_func=lambda key: labels.get(key, key),
        key="search-arms",
        accept_new_options=True,
        placeholder="Choose one or several, or type options",
        help="Each is searched with the same budget. Or type one, such as architecture=performer dataset=mnist "
        "kernel=relu, or a stored run's id.",
        persist_state="session",
    )
    found = []
    for key in chosen:
        try:
            spec = settings[key].spec if key in settings else typed.setting(key, Results(), begun=True)
            found.append(spec)
        except UserError as error:
            _sentence(error)
    return found if len(found) == len(chosen) else []


def _space(spec: RunSpec) -> list[Dimension] | None:
    """The options searched, each with its values as typed; None where something is missing or refused beneath it."""
    labels = {field.name: field.label for field in searchable()}
    names = st.multiselect(
        "Options searched",
        list(labels),
        default=list(AT_FIRST),
        format_func=lambda name: labels.get(name, name),
        key="search-options",
        persist_state="session",
    )
    if names:
        st.caption("Of each a range, such as 0.0001..0.01:log, or values, such as adamw,sgd.")
    found: list[Dimension | None] = []
    columns = st.columns(3)
    for place, name in enumerate(names):
        with columns[place % 3]:
            found.append(_dimension(name, labels[name], spec))
    return [each for each in found if each is not None] if names and None not in found else None


def _dimension(name: str, label: str, spec: RunSpec) -> Dimension | None:
    try:
        proposed = propose(name, spec).written().partition("=")[2]
    except UserError:  # nothing is proposed: a person must say
        proposed = ""
    with st.container(key=f"cell-search-{name}", gap="xxsmall"):
        text = st.text_input(
            label, proposed, key=f"search-range-{name}", placeholder="LOW..HIGH or A,B", persist_state="session"
        )
        try:
            return parse(f"{name}={text}", spec)
        except UserError as error:
            _sentence(error)
            return None


def _budget(arms: int) -> tuple[Budget | None, int | None]:
    """Of each arm, one like the other."""
    first, second, third = st.columns(3)
    with first:
        trials = whole("Trials of each", "search-trials", 2, MOST_TRIALS, TRIALS)
    with second:
        epochs = whole("Epochs of each trial", "search-epochs", 1, 10_000, EPOCHS)
    with third:
        seeds = whole(
            "Seeds of each trial", "search-seeds", 1, MOST_SEEDS, SEEDS, help="A trial's error is their mean."
        )
    with st.expander("How trials are drawn and stopped"):
        first, second = st.columns(2)
        usual = usual_sampler(max(arms, 1))
        with first:
            sampler: Sampler | None = st.selectbox(
                "Drawn", [usual, *(each for each in get_args(Sampler) if each != usual)],
                format_func=lambda each: SAMPLERS[each], key=f"search-sampler-{usual}",
                help="Random trials are independent, so that intervals hold. TPE (Bergstra et al. 2011) looks at those "
                "before and often finds better ones; one such search has no interval.",
            )  # fmt: skip
            repeats = whole(
                "Repeats of each search", "search-repeats", 1, MOST_REPEATS, 1, help="From 3 on, TPE has intervals."
            )
        with second:
            pruner: Pruner | None = st.selectbox(
                "Pruned by", list(get_args(Pruner)), format_func=lambda each: PRUNERS[each], key="search-pruner",
                help="Trials with worse validation errors than those before are stopped and keep their epochs.",
            )  # fmt: skip
            seed = whole("Seed of the search", "search-seed", 0, 2**31 - 1, 0)
    if None in (trials, epochs, seeds, repeats, seed) or sampler is None or pruner is None:
        return None, None
    return Budget(trials or 0, epochs or 0, seeds or 0, repeats or 0, sampler, pruner), seed


def _cost(arms: list[RunSpec], space: list[Dimension], budget: Budget, runs: pd.DataFrame) -> None:
    """How many runs that is, alike for each arm, and how long they may take; what stands against it."""
    try:
        check(arms, space, budget)
    except UserError as error:
        _sentence(error)
        return
    rounds = [setting(arm, {}, budget.epochs) for arm in arms]
    needed = estimate(rounds * (budget.each * budget.seeds), runs, measured=speeds())
    each = f"{format.number(budget.each, 'trial')} of {format.number(budget.epochs, 'epoch')}"
    seeds = f" and {format.number(budget.seeds, 'seed')}" if budget.seeds > 1 else ""
    total = format.number(len(arms) * budget.each * budget.seeds, "run")
    alike = " for each setting" if len(arms) > 1 else ""
    whole = " if none is pruned" if budget.pruner != "none" else ""
    st.caption(format.plain(f"{each}{seeds}{alike}: {total}, {needed}{whole}. The test images are not looked at."))


def _go(arms: list[RunSpec], space: list[Dimension], budget: Budget, seed: int) -> None:
    try:
        search = ask(Results(), arms, space, budget, seed)
        ensure(Results())
    except UserError as error:
        st.error(format.sentence(error))
        return
    st.session_state["search-shown"] = search.key
    st.session_state.pop("search-busy", None)
    st.rerun()


def _sentence(error: UserError) -> None:
    st.markdown(f":small[:red[{format.sentence(error)}]]")
