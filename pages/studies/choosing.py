"""What is to be in a study: its words, its tables, its runs and their figures."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.shared.run_picker import pick_runs
from vitcore.published import tables
from vitcore.study.contents import FIGURES, LONGEST_TEXT, MOST_RUNS, USUAL
from vitcore.study.material import ENDED


def form(runs: pd.DataFrame) -> dict[str, Any]:
    """The parts as `Study.of` takes them, unchecked."""
    ended = runs[runs["status"].isin(ENDED)]
    left, right = st.columns([2, 1])
    with left:
        title = st.text_input("Title", key="study-title", max_chars=120, placeholder="Does x² beat softmax on MNIST?")
    with right:
        author = st.text_input("Author", key="study-author", max_chars=120)
    text = st.text_area(
        "Text", key="study-text", height=180, max_chars=LONGEST_TEXT, help="Markdown: headings, lists, tables, code."
    )
    labels = _tables()
    chosen = st.multiselect(
        "Reports' tables", list(labels), key="study-tables", format_func=lambda key: labels.get(key, key),
        placeholder="None", help="Published, ours, difference and verdict, with the report's own figures.",
    )  # fmt: skip
    picked = pick_runs(ended, key="study-runs", first=(), most=MOST_RUNS, why=lambda run: "has not ended, or is gone")
    figures = st.multiselect(
        "Figures of the runs", list(FIGURES), default=list(USUAL), key="study-figures", disabled=not picked,
        format_func=lambda key: FIGURES.get(key, key), placeholder="None",
    )  # fmt: skip
    return {
        "title": title, "author": author, "text": text, "tables": chosen, "runs": picked,
        "figures": figures if picked else [],
    }  # fmt: skip


def _tables() -> dict[str, str]:
    """TABLE:PROTOCOL and what it is called."""
    reports = tables.reports()
    return {
        f"{key}:{name}": f"{reports[table.report].title}, {table.place}: {table.title} ({protocol.label})"
        for key, table in tables.tables().items()
        for name, protocol in table.protocols.items()
    }
