"""Runs chosen in a chart are chosen in the table, and the other way round: there is one choice."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.compare.view_widgets import KEYS, VERSION
from pages.shared import format
from pages.shared.chart import Select


def in_table(shown: pd.DataFrame) -> Select:
    """What a chart of these runs does with what is chosen in it."""
    ids = set(shown["id"])

    def select(runs: Sequence[str], toggle: bool) -> None:
        found = ids & set(runs)
        if not found:
            st.toast("No run of the table lies there.")
            return
        before = set(st.session_state[KEYS["runs"]])
        if toggle and found <= before:
            _choose(before - found)
        else:
            _choose((before if toggle else before - ids) | found)  # what filters hide is as chosen as it was

    return select


def clear(chosen: int) -> None:
    """The way to choose none, where any is chosen."""
    if chosen:
        st.button(f"Clear choice ({chosen:,})", key="choose-none", on_click=_choose, args=(set(),))


def show_runs(chosen: int) -> None:
    """From groups the way to the runs that were chosen by them, where any are."""
    if chosen:
        st.button(f"Show {format.number(chosen, 'chosen run')}", key="show-chosen", on_click=_ungroup)


def _ungroup() -> None:
    st.session_state[KEYS["grouped"]] = False


def _choose(runs: set[str]) -> None:
    """The table takes its rows from this choice when its name is new."""
    st.session_state[KEYS["runs"]] = sorted(runs, reverse=True)
    st.session_state[VERSION] += 1
