"""The chosen runs as lines through their options and results, on axes that can be chosen, dragged and cut."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.compare import columns
from pages.compare.view_widgets import KEYS
from pages.shared import format
from pages.shared.chart import Select, chart
from pages.shared.evidence import evidence
from vitcore import figures
from vitcore.store.provenance import of_columns

AT_FIRST = 6  # axes, the results included, that still have room on a screen
MOST = 2_000  # lines; more are one color
ERRORS = ("val_error_best", "test_error_best", "error_percent")
RESULTS = (*ERRORS, "accuracy", "f1", "val_loss", "test_loss", "training_seconds", "cpu_seconds", "parameters", "macs")


def parallel(runs: pd.DataFrame, *, chosen: bool = True, on_select: Select | None = None) -> None:
    """Parallel coordinates; the last axis is what the color tells.

    Args:
        chosen: whether a person has chosen these runs; else all of the table are drawn, which is said.
        on_select: what is done with runs that are chosen in the chart.
    """
    if not chosen:
        st.caption(f"Nothing is chosen: {format.number(len(runs), 'run')} of the table are drawn.")
    differing = [name for name in columns.varying(runs) if name not in ("name", "folder")]
    offered = [*columns.VARYING, *RESULTS]
    validated = runs["val_error_best"].notna().any()
    first = [*differing[: AT_FIRST - 2], "training_seconds", "val_error_best" if validated else "error_percent"]
    axes = st.multiselect(
        "Axes, from left to right",
        [name for name in dict.fromkeys(offered) if name in runs],
        default=first,
        format_func=columns.label,
        key=KEYS["axes"],
        persist_state="session",
    )
    axes = [name for name in axes if name in runs]
    figure = figures.parallel(runs.head(MOST), axes, columns.LABELS, revision=":".join(axes))
    if figure is None:
        st.caption("This needs at least two runs that have a result on the last axis, and at least two axes.")
        return
    undrawn = int(runs.head(MOST)[axes[-1]].isna().sum())
    note = f" {undrawn:,} of the {len(runs):,} have no {columns.label(axes[-1])} and are not drawn." if undrawn else ""
    note += f" The first {MOST:,} of {len(runs):,} are drawn." if len(runs) > MOST else ""
    chart(figure, key="compare-parallel", name="vitcore-parallel", on_select=on_select)
    last = columns.label(axes[-1])
    st.caption(f"One line a run, blue where {last} is low and orange where it is high. Drag along an axis to keep "
               "only the lines that pass there, drag an axis by its name to move it. – stands where nothing is "
               f"known.{note}")  # fmt: skip
    evidence(
        of_columns([str(id) for id in runs["id"].head(MOST)], axes), "Evidence for these lines", key="evidence-lines"
    )
