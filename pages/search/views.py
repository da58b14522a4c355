"""What a search is looked at by: the expected best, the trials as they came, coordinates, importance, the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from pages.shared.chart import chart
from vitcore import figures
from vitcore.figures.search import expected_best, history, importances
from vitcore.search import courses, tables
from vitcore.search.plan import SAMPLERS, Search
from vitcore.search.sentences import names, values
from vitcore.search.space import Dimension
from vitcore.search.standing import Standing
from vitcore.statistics.expected_best import FEWEST, FEWEST_REPEATS
from vitcore.statistics.importance import FEWEST as FEWEST_TO_MATTER
from vitcore.statistics.importance import importance

NOTHING = "No trial has ended yet."


def show(search: Search, stands: Standing) -> None:
    """The view that is chosen; each has a sentence of what it shows."""
    if not stands.ended():
        st.caption(NOTHING)
        return
    chosen = st.segmented_control(
        "View", list(VIEWS), default="Expected best", key=f"view-{search.key}", label_visibility="collapsed"
    )
    VIEWS[chosen or "Expected best"](search, stands)


def _expected(search: Search, stands: Standing) -> None:
    drawn = [(name, courses.course(search, stands, arm)) for arm, name in enumerate(names(search))]
    figure = expected_best(drawn, sampled=SAMPLERS[search.budget.sampler])
    chart(figure, key=f"expected-{search.key}", name=f"expected-best-{search.key}")
    if search.budget.independent:
        st.caption(
            "What the best of so many random trials is expected to reach: the mean over all ways to take so many of "
            "those drawn (Dodge et al. 2019; Tang et al. 2020). The band is meant to hold 95 % (in simulations it held "
            "82 to 96 of 100, see below). Dotted: no interval holds beyond a quarter of the trials, nor below "
            f"{FEWEST} of them; the last point is the best found, which flatters."
        )
    elif search.budget.repeats >= FEWEST_REPEATS:
        st.caption(f"The best so far, the mean over {search.budget.repeats} searches of each, with Student's interval.")
    else:
        st.caption(
            "The best so far of one search whose trials look at one another (TPE, pruning): another may do otherwise, "
            "and no interval is known."
        )


def _history(search: Search, stands: Standing) -> None:
    rows = [
        {
            "arm": each.trial.arm,
            "order": 1 + each.trial.number + each.trial.repeat * search.budget.trials,
            "val_error": each.error,
            "ended": each.ended,
            "words": values(each),
        }
        for each in stands.ended()
    ]
    chart(history(pd.DataFrame(rows), names(search)), key=f"history-{search.key}", name=f"trials-{search.key}")
    st.caption("Validation error of each trial's last weights; the line is the best so far.")


def _coordinates(search: Search, stands: Standing) -> None:
    table = _ended(search, stands)
    axes = [*(["arm"] if len(search.arms) > 1 else []), *(each.name for each in search.space), "val_error"]
    labels = {each.name: each.field.label for each in search.space} | {
        "arm": "Setting",
        "val_error": "Validation error",
    }
    figure = figures.parallel(
        table, axes, labels, log=[each.name for each in search.space if each.log], revision=search.key
    )
    if figure is None:
        st.caption("This needs at least two trials.")
        return
    chart(figure, key=f"coordinates-{search.key}", name=f"coordinates-{search.key}")
    st.caption(
        "One line a trial, blue where the validation error is low and orange where it is high. Drag along an axis to "
        "keep only the lines that pass there."
    )


def _importance(search: Search, stands: Standing) -> None:
    found = []
    for arm, name in enumerate(names(search)):
        ended = [each for each in stands.of(arm) if each.error == each.error]
        errors = [each.error for each in ended]
        shares = [
            (item.field.label, importance([each.trial.values[item.name] for each in ended], errors, log=item.log))
            for item in search.space
        ]
        found.append((name, shares))
    if not any(item.share == item.share for _, shares in found for _, item in shares):
        st.caption(f"This needs at least {FEWEST_TO_MATTER} trials of a setting whose errors differ.")
        return
    chart(importances(found), key=f"importance-{search.key}", name=f"importance-{search.key}")
    st.caption(
        "How much of the spread of errors (their ranks) each option accounts for by itself over these "
        "trials. Below the gray mark stay 95 of 100 options that have no effect: hollow points say nothing."
    )


def _table(search: Search, stands: Standing) -> None:
    table = tables.trials(search, stands)
    st.dataframe(
        table,
        hide_index=True,
        key=f"trials-{search.key}",
        height=min(460, 38 + 35 * max(len(table), 1)),
        column_config={
            **{each.name: _column(each) for each in search.space},
            "arm": st.column_config.TextColumn("Setting"),
            "repeat": st.column_config.NumberColumn("Repeat") if search.budget.repeats > 1 else None,
            "trial": st.column_config.NumberColumn("Trial"),
            "val_error": st.column_config.NumberColumn("Validation error, %", format="%.2f"),
            "ended": st.column_config.TextColumn("Ended"),
            "epochs": st.column_config.NumberColumn("Epochs trained"),
            "runs": st.column_config.TextColumn("Runs"),
        },
    )
    st.download_button(
        "Download CSV",
        lambda: tables.trials(search, stands).to_csv(index=False),
        f"search-{search.key}.csv",
        on_click="ignore",
        key=f"csv-{search.key}",
    )


def _column(dimension: Dimension) -> Any:
    """Of a number three digits that tell, however small it is."""
    label = dimension.field.label
    if dimension.choices or dimension.field.kind is not float:
        return st.column_config.Column(label)
    return st.column_config.NumberColumn(label, format="%.3g")


def _ended(search: Search, stands: Standing) -> pd.DataFrame:
    table = tables.trials(search, stands)
    return table[table["val_error"].notna()]


VIEWS: dict[str, Callable[[Search, Standing], None]] = {
    "Expected best": _expected,
    "Trials": _history,
    "Coordinates": _coordinates,
    "Importance": _importance,
    "Table": _table,
}
