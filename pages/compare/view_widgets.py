"""Compare's view: its widgets' state, the address bar, and the way between the two."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.compare import ranges
from pages.compare.view import ENDS, FILTERS, RANGES, RUNS_IN_ADDRESS, View, fitting, from_query, to_query
from pages.shared import format

KEYS = {
    "search": "compare-search", "tags": "compare-tags",
    "columns": "compare-columns", "hidden": "compare-columns-hidden",
    "sort": "compare-sort", "descending": "compare-descending", "grouped": "compare-grouped", "by": "compare-by",
    "all_runs": "compare-all-runs", "group_sort": "compare-group-sort", "group_descending": "compare-group-descending",
    "runs": "compare-chosen", "chart": "compare-chart", "y": "compare-y", "x": "compare-x",
    "smoothing": "compare-smoothing", "log": "compare-log", "log_x": "compare-log-x", "band": "compare-band",
    "cost": "against-x", "dataset": "against-dataset",
    "linear": "against-linear", "apart": "against-apart", "axes": "parallel-axes",
    "a": "difference-run-a", "b": "difference-run-b",
}  # fmt: skip
"""A view's fields and the keys under which their widgets keep them."""

VERSION = "compare-version"
"""Counts the views that were opened: the table of each chooses its own runs anew."""

_OF_CHART = {"cost": ("dataset",), "parallel": ("axes",), "difference": ("a", "b")}
"""Choices that have a default made from the runs, and belong into the view only while they are to be seen."""

_WRITTEN, _NOTICES = "compare-address", "compare-told"


def filter_key(name: str) -> str:
    """The widget's key of the filter on a column."""
    return f"compare-is-{name}"


def load_from_url(runs: pd.DataFrame) -> None:
    """At the page's start: what the address holds becomes the widgets' state; a bare address leaves it as it was.

    An address that this session did not write itself is one that was opened, or gone back to.
    """
    state = st.session_state
    address = st.query_params.to_dict()
    back = not address and state.get(_WRITTEN) and state.get("page-before") == "compare"
    if asked_anew() or back or KEYS["runs"] not in state:
        view, doubt = from_query(address)
        show(view, runs, doubt)
        state[_WRITTEN] = address


def asked_anew() -> bool:
    """Whether the address is one that this session did not write; the store is then to be asked `now`."""
    address = st.query_params.to_dict()
    return bool(address) and address != st.session_state.get(_WRITTEN)


def show(view: View, runs: pd.DataFrame, doubt: str = "") -> None:
    """Make this the view, as far as the stored runs have what it asks for; before the widgets are drawn."""
    view, absent = fitting(view, runs)
    state = st.session_state
    for name, key in KEYS.items():
        value = getattr(view, name)
        state[key] = list(value) if isinstance(value, tuple) else value
    if view.runs is None:
        state[KEYS["runs"]] = []
    for name in ("by", "axes", "dataset", "a", "b"):
        if not getattr(view, name):  # the widget has a default of its own, made from the runs
            del state[KEYS[name]]
    for name in FILTERS:
        state[filter_key(name)] = list(view.filters.get(name, ()))
    state["compare-filters"] = list(view.filters)
    for name in RANGES:
        for end, bound in zip(ENDS, view.ranges.get(name, (None, None)), strict=True):
            state[ranges.key(end, name)] = bound
    state[ranges.ASKED] = list(view.ranges)
    state[VERSION] = state.get(VERSION, 0) + 1
    state[_NOTICES] = [each for each in (doubt, absent) if each]


def present() -> View:
    """The view as the widgets have it."""
    state = st.session_state
    values: dict[str, Any] = {name: state[key] for name, key in KEYS.items() if state.get(key) is not None}
    if not values.get("runs"):  # nothing is chosen, as on a first visit
        values.pop("runs", None)
    values["filters"] = {name: state[filter_key(name)] for name in FILTERS if state.get(filter_key(name))}
    values["ranges"] = ranges.state()
    unused = {"by"} if not values.get("grouped") else set()
    unused |= {name for chart, names in _OF_CHART.items() if chart != values.get("chart") for name in names}
    values = {name: value for name, value in values.items() if name not in unused}
    return View.model_validate(values)


def save_to_url() -> None:
    """At the page's end: the address holds the view, and what of it was not understood is said once."""
    view = present()
    address = {} if view == View() else to_query(view)
    if address != st.query_params.to_dict():
        st.query_params.from_dict(address)
    st.session_state[_WRITTEN] = address
    if view.runs and len(view.runs) > RUNS_IN_ADDRESS:
        st.caption(
            f"The address holds the first {RUNS_IN_ADDRESS} of {len(view.runs):,} chosen runs; a saved view holds all."
        )


def doubts() -> None:
    """What of an opened view is not to be had here; it stays until the view changes."""
    for sentence in st.session_state.get(_NOTICES, []):
        st.warning(format.plain(sentence))
