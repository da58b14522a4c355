"""Choosing runs: the choice stands in the address, so that a link opened elsewhere shows the same."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.parts import wording

MOST = 8


def pick_runs(table: pd.DataFrame, *, key: str, first: Sequence[str], label: str = "Runs") -> list[str]:
    """A multiple choice of runs, newest first; at first what the address names, else `first`."""
    titles = dict(zip(table["id"], _labels(table), strict=True))
    if key not in st.session_state:
        named = [run for run in st.query_params.get("runs", "").split(",") if run in titles]
        st.session_state[key] = named or [run for run in first if run in titles]
    st.session_state[key] = [run for run in st.session_state[key] if run in titles]
    chosen = st.multiselect(
        label,
        list(titles),
        key=key,
        format_func=lambda run: titles.get(run, run),
        max_selections=MOST,
        placeholder="Choose runs",
    )
    if chosen:
        st.query_params["runs"] = ",".join(chosen)
    elif "runs" in st.query_params:
        del st.query_params["runs"]
    return list(chosen)


def _labels(table: pd.DataFrame) -> list[str]:
    """Titles; where two runs share one, with the moment that tells them apart."""
    twice = table["title"].duplicated(keep=False)
    moments = [wording.ago(moment) for moment in table["created"]]
    return [
        f"{title} · {moment} · {run[-4:]}" if double else title
        for title, double, moment, run in zip(table["title"], twice, moments, table["id"], strict=True)
    ]
