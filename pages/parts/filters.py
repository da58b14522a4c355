"""Which of the stored runs Compare shows, and in what order: search, filters by any field, tags, sorting."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import columns, details
from pages.parts.view import KEYS, filter_key
from vitcore.reports.views import FILTERS, as_text

ALWAYS = ("architecture", "kernel", "dataset", "status")  # have a filter wherever runs differ in them


def filtered(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that fit the search, the filters and the tags; what is offered does not shrink with what is chosen."""
    whole = table
    with st.grid("auto", min_column_width=150, gap="small", key="filters"):
        text = st.text_input("Search", key=KEYS["search"], placeholder="name, id or note", persist_state="session")
        for name in _offered(whole):
            kept = st.multiselect(
                columns.label(name),
                _known(whole, name),
                key=filter_key(name),
                placeholder="any",
                persist_state="session",
            )
            table = table[table[name].map(as_text).isin(kept)] if kept else table
        table = _with_tags(table, whole)
    return _searched(table, text).reset_index(drop=True)


def more() -> None:
    """Fields that have no filter by themselves; one is shown for each that is chosen here."""
    st.multiselect(
        "Filters for",
        [name for name in FILTERS if name not in ALWAYS],
        format_func=columns.label,
        key="compare-filters",
        placeholder="further fields",
        persist_state="session",
    )


def ordered(table: pd.DataFrame, offered: list[str]) -> pd.DataFrame:
    """The rows by a chosen column, those without a value last; newest first where none is chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="sorting"):
        by = st.selectbox(
            "Sort by",
            ["", *dict.fromkeys([*offered, *filter(None, [st.session_state.get(KEYS["sort"])])])],
            format_func=lambda name: columns.label(name) if name else "Newest first",
            key=KEYS["sort"],
            width=190,
            persist_state="session",
            label_visibility="collapsed",
        )
        down = st.checkbox("Descending", key=KEYS["descending"], persist_state="session", disabled=not by)
    if not by or by not in table:
        return table
    values = table[by]
    if values.dtype == object:  # a column may hold numbers, words and nothing
        values = values.map(lambda value: None if as_text(value) == "–" else as_text(value).casefold())
    order = values.sort_values(ascending=not down, kind="stable", na_position="last").index
    return table.loc[order].reset_index(drop=True)


def _offered(table: pd.DataFrame) -> list[str]:
    """The usual filters where runs differ, those that were asked for, and those that have a choice."""
    asked = set(st.session_state.get("compare-filters", []))
    chosen = {name for name in FILTERS if st.session_state.get(filter_key(name))}
    usual = [name for name in ALWAYS if name in chosen or len(_known(table, name)) > 1]
    return usual + [name for name in FILTERS if name not in ALWAYS and name in asked and name in table]


def _known(table: pd.DataFrame, name: str) -> list[str]:
    held = {as_text(value) for value in table[name].unique()} - ({"–"} if name in ALWAYS else set())
    return sorted(held | set(st.session_state.get(filter_key(name)) or []), key=_natural)


def _natural(text: str) -> tuple[float, str]:
    """Numbers by size, before words."""
    try:
        return float(text), ""
    except ValueError:
        return float("inf"), text


def _with_tags(table: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """The rows that carry one of the chosen tags; nothing to choose where no run has any."""
    known = sorted({*details.all_tags(whole), *(st.session_state.get(KEYS["tags"]) or [])})
    if not known:
        return table
    kept = set(st.multiselect("Tags", known, key=KEYS["tags"], placeholder="any", persist_state="session"))
    return table[[tags is not None and bool(kept & set(tags)) for tags in table["tags"]]] if kept else table


def _searched(table: pd.DataFrame, text: str) -> pd.DataFrame:
    if not text:
        return table
    parts = table["title"] + " " + table["id"] + " " + table["note"].fillna("")
    return table[parts.str.contains(text, case=False, regex=False)]
