"""Errors of chosen runs on corrupted test images: a chart a corruption, the table to take along, the definitions."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.diagnostics import evaluations
from pages.shared import run_colors
from pages.shared.chart import Panel, chart, plain, wall
from vitcore.analysis import robustness
from vitcore.analysis.corruptions import CORRUPTIONS, SEVERITIES
from vitcore.errors import UserError
from vitcore.figures.robustness import error_against_severity
from vitcore.runs.folder import Results
from vitcore.store import exports


def panel(names: Mapping[str, str]) -> None:
    """The whole part for these runs (ids -> names)."""
    evaluations.panel(names, robustness.KIND, _panel)


def _panel(names: Mapping[str, str]) -> None:
    evaluations.ways(names, robustness.KIND, "Evaluate under corruption", _done)
    table = robustness.table([Results().run(id) for id in names])
    corrupted = table[table["severity"] > 0]
    if corrupted.empty:
        labels = ", ".join(each.label for each in CORRUPTIONS.values())
        st.caption(
            f"Each in {SEVERITIES} severities: {labels}. Leave the page, come back, it goes on in the background."
        )
    else:
        _charts(table, names)
        _table(table, names)
    _definitions(names)


def _done(id: str) -> tuple[int, int]:
    steps = robustness.plan()
    try:
        there = robustness.read(Results().run(id))
    except UserError:
        return 0, len(steps)
    return sum(step in there for step in steps), len(steps)


def _charts(table: pd.DataFrame, names: Mapping[str, str]) -> None:
    means, places = robustness.means(table), run_colors.places(names, page="diagnostics")
    if not means.empty:
        st.markdown("**Mean of all corruptions**")
        chart(
            error_against_severity(means, names, legend=True, places=places),
            key="robustness-mean",
            name="vitcore-robustness",
        )
    panels, legend = [], means.empty
    for name, corruption in CORRUPTIONS.items():
        rows = robustness.curves(table, name)
        if (rows["severity"] > 0).any():
            figure = error_against_severity(
                rows, names, unit=corruption.unit or "strength", legend=legend, places=places
            )
            panels.append(Panel(f"robustness-{name}", corruption.label, plain(figure), f"vitcore-{name}"))
            legend = False
    wall(panels, key="robustness-wall", height=300)
    st.caption(
        "Severity 0 is the test set as it is. Bands are 95 % intervals over test images like these (Wilson), of these "
        "networks as they are: other seeds are another question. A mean is drawn for runs that have every corruption."
    )


def _table(table: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Of each run and corruption the error at every severity."""
    labels = {robustness.CLEAN: "As they are"} | {name: each.label for name, each in CORRUPTIONS.items()}
    order = [label for label in labels.values() if label != labels[robustness.CLEAN]]
    named = table.assign(run=table["run"].map(names), corruption=table["corruption"].map(labels))
    wide = named[named["severity"] > 0].pivot(index=["corruption", "run"], columns="severity", values="error")
    wide = wide.reset_index().sort_values("corruption", key=lambda each: each.map(order.index), kind="stable")
    heads = {"corruption": "Corruption", "run": "Run"} | {
        each: f"Severity {each} (%)" for each in range(1, SEVERITIES + 1)
    }
    numbers = {head: st.column_config.NumberColumn(format="%.2f") for head in list(heads.values())[2:]}
    st.dataframe(wide.rename(columns=heads), hide_index=True, width="stretch", column_config=numbers)
    st.download_button(
        "CSV",
        lambda: exports.csv(table),
        "vitcore-robustness.csv",
        mime="text/csv",
        key="robustness-csv",
        on_click="ignore",
        help="Every count with its interval.",
    )


def _definitions(names: Mapping[str, str]) -> None:
    """What each severity means for the images of these runs."""
    sizes = {robustness.image_sizes(Results().run(id)) for id in names}
    with st.expander("What is done to the images", key="robustness-definitions"):
        st.markdown(
            "Definitions and severities after Hendrycks and Dietterich 2019 (ImageNet-C), in their authors' own milder "
            "forms for smaller images, and after Mu and Gilmer 2019 (MNIST-C) for gray ones. Values are rounded, where "
            "theirs are cut; all severities draw the same random numbers."
        )
        for channels, size in sorted(sizes):
            kind = "gray" if channels == 1 else "color"
            st.caption(f"Strengths for {kind} images of {size} × {size} pixels, severities 1 to {SEVERITIES}:")
            rows = [
                {
                    "Corruption": each.label,
                    "Strengths": ", ".join(
                        f"{each.strength(severity, channels, size):.3g}" for severity in range(1, SEVERITIES + 1)
                    )
                    + f" {each.unit}",
                    "Definition": each.about,
                }
                for each in CORRUPTIONS.values()
            ]
            st.dataframe(rows, hide_index=True, width="stretch", row_height=None)
