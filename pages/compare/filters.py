"""Which of the stored runs Compare shows, and in what order: search, filters by any field, tags, sorting."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.compare import columns, ranges, run_details
from pages.compare.search import searched
from pages.compare.view import FILTERS
from pages.compare.view_widgets import KEYS, filter_key
from vitcore.store.cells import as_text, entries, in_order, sorted_by

ALWAYS = ("architecture", "kernel", "dataset", "status")  # have a filter wherever runs differ in them


def filtered(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that fit the search, the filters and the tags; what is offered does not shrink with what is chosen."""
    whole = table
    with st.grid("auto", min_column_width=150, gap="small", key="filters"):
        text = st.text_input(
            "Search",
            key=KEYS["search"],
            placeholder="words, -without",
            help="Words in any order, anywhere in a run's name, id, note, tags, architecture, kernel or dataset. A "
            'minus before a word leaves out the runs that have it; "two words" in quotes stand side by side.',
            persist_state="session",
        )
        for name in _offered(whole):
            stored = st.multiselect(
                columns.label(name),
                _known(whole, name),
                key=filter_key(name),
                placeholder="any",
                persist_state="session",
            )
            table = table[table[name].map(as_text).isin(stored)] if stored else table
        table = ranges.within(table)
        table = _with_tags(table, whole)
    return searched(table, text).reset_index(drop=True)


def more(table: pd.DataFrame) -> None:
    """Options that have no filter by themselves, and numbers that have no range; one is shown for each chosen here."""
    st.multiselect(
        "Filters for",
        [name for name in FILTERS if name not in ALWAYS],
        format_func=columns.label,
        key="compare-filters",
        placeholder="further fields",
        persist_state="session",
    )
    ranges.more(table)


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
    return sorted_by(table, by, descending=down)


def _offered(table: pd.DataFrame) -> list[str]:
    """The usual filters where runs differ, those that were asked for, and those that have a choice."""
    asked = set(st.session_state.get("compare-filters", []))
    chosen = {name for name in FILTERS if st.session_state.get(filter_key(name))}
    usual = [name for name in ALWAYS if name in chosen or len(_known(table, name)) > 1]
    return usual + [name for name in FILTERS if name not in ALWAYS and name in asked and name in table]


def _known(table: pd.DataFrame, name: str) -> list[str]:
    choices = set(map(as_text, table[name])) - ({"–"} if name in ALWAYS else set())
    return sorted(choices | set(st.session_state.get(filter_key(name)) or []), key=in_order)


def _with_tags(table: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """The rows that carry one of the chosen tags; nothing to choose where no run has any."""
    known = sorted({*run_details.all_tags(whole), *(st.session_state.get(KEYS["tags"]) or [])})
    if not known:
        return table
    stored = set(st.multiselect("Tags", known, key=KEYS["tags"], placeholder="any", persist_state="session"))
    return table[[bool(stored & set(entries(tags))) for tags in table["tags"]]] if stored else table
