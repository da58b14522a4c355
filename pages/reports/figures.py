"""The report's own figures, published and ours together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.server import store_cache
from pages.shared import format
from pages.shared.chart import chart
from pages.shared.class_names import class_names
from vitcore.errors import UserError
from vitcore.figures import most_confused
from vitcore.figures.medians import IN_WORDS
from vitcore.published import tables
from vitcore.published.tables import Figure
from vitcore.reproduction import charts
from vitcore.reproduction.evidence import stored_confusion, stored_epochs
from vitcore.reproduction.tables import ResultTable
from vitcore.store import queries


def figures(result: ResultTable, runs: pd.DataFrame) -> None:
    """Every figure of the report that shows this table."""
    own = [figure for figure in tables.figures().values() if figure.table == result.table.key]
    if not own:
        return
    st.subheader("Figures", anchor=False)
    logarithmic = False
    if any(figure.chart == "bars" for figure in own):
        logarithmic = st.toggle(
            "Logarithmic axis", value=True, key="report-log", help="Nine in ten wrong dwarfs the rest."
        )
    for figure in own:
        st.markdown(f"**{figure.place}: {figure.title}**")
        for note in figure.notes:
            st.caption(note)
        if figure.chart == "confusion":
            _confusion(figure, result, runs)
            continue
        behind = charts.runs_behind(figure, result, runs)
        epochs = _epochs(list(behind["id"])) if figure.chart == "curves" else None
        drawn = charts.draw(figure, result, runs, epochs=epochs, log_y=logarithmic)
        if drawn is None:
            st.caption("None of its runs is stored yet.")
        else:
            chart(drawn, key=f"figure-{figure.key}", name=f"vitcore-{figure.key}")
            if figure.chart == "curves":
                st.caption(IN_WORDS)


def _epochs(ids: list[str]) -> pd.DataFrame:
    own = queries.epochs(store_cache.index(), ids)
    return own if len(own) else stored_epochs(ids)


def _matrix(id: str, epoch: int | None) -> np.ndarray | None:
    try:
        return queries.confusion(store_cache.index(), id, epoch=epoch)[1]
    except UserError:  # a run that is kept with the project, or did not come so far
        return stored_confusion(id, epoch)


def _confusion(figure: Figure, result: ResultTable, runs: pd.DataFrame) -> None:
    """The matrix of the newest run behind the figure, and its commonest mistakes in words."""
    for _, run in charts.runs_behind(figure, result, runs).iloc[::-1].iterrows():
        matrix = _matrix(run["id"], figure.epoch)
        if matrix is None:
            continue
        classes = class_names(run, len(matrix))
        drawn = charts.draw(figure, result, runs, matrix=matrix, classes=classes)
        if drawn is not None:
            chart(drawn, key=f"figure-{figure.key}", name=f"vitcore-{figure.key}")
            st.caption(f"{format.plain(run['title'])}, after epoch {figure.epoch}. Its commonest mistakes:")
            st.dataframe(most_confused(matrix, classes, 8), hide_index=True, key=f"mistakes-{figure.key}")
        return
    st.caption("None of its runs is stored with a matrix of this epoch yet.")
