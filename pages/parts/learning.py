"""The curves of runs that learn, drawn once for all who look on: a figure is built anew only for more to draw."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts import stored
from pages.parts.chart import chart, plain
from vitcore.errors import Refusal
from vitcore.reports import figures
from vitcore.runs.folder import Results
from vitcore.store import queries

HEIGHT = 260
CURVES = (
    ("Loss by step", "loss", "step"),
    ("Accuracy by epoch", "accuracy", "epoch"),
    ("Test loss by epoch", "test_loss", "epoch"),
    ("F1 by epoch", "f1", "epoch"),
)
TOLD = ["epochs_done", "training_seconds", "error_percent"]  # columns of a run's row that a new epoch changes


def curves(chosen: pd.DataFrame) -> None:
    """Loss, accuracy and F1 of the chosen runs, side by side where there is room."""
    ids = tuple(chosen["id"])
    drawn = _drawn(str(Results().root), ids, tuple(chosen["title"]), _mark(chosen), chosen)
    st.space("small")
    with st.container(key="curves"), st.grid(2, min_column_width=330, gap=("medium", "large")):
        for (title, y, _), figure in zip(CURVES, drawn, strict=True):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{title}**")
                if figure is None:
                    with st.container(height=HEIGHT, border=False):
                        st.caption("Nothing yet.")
                else:
                    chart(figure, key=f"curve-{y}", name=f"vitcore-{y}")


def _mark(chosen: pd.DataFrame) -> tuple[tuple[object, ...], ...]:
    """What tells that there is more to draw: epochs as far as the index knows them, steps as far as they are written.

    Never the length of the events' journal, which the index follows: what was drawn before it looked would stay.
    """
    found: list[tuple[object, ...]] = []
    for id, *known in zip(*(chosen[name].tolist() for name in ("id", *TOLD)), strict=True):
        try:
            found.append((*known, Results().run(id).steps.stat().st_size))
        except (OSError, Refusal):  # no step yet; or deleted meanwhile, as the page says elsewhere
            found.append((*known, 0))
    return tuple(found)


@st.cache_resource(show_spinner=False, max_entries=32)
def _drawn(
    root: str, ids: tuple[str, ...], titles: tuple[str, ...], mark: tuple[object, ...], _chosen: pd.DataFrame
) -> list[dict[str, Any] | None]:
    """The figures of CURVES as plain data, None where there is nothing to draw yet."""
    epochs = queries.epochs(stored.index(), list(ids))
    steps = pd.concat([queries.steps(stored.index().results, id).assign(run_id=id) for id in ids])
    found: list[dict[str, Any] | None] = []
    for _, y, x in CURVES:
        rows = steps if x == "step" else epochs
        if rows.empty:
            found.append(None)
            continue
        found.append(_small(plain(figures.curves(rows, _chosen, x=x, y=y, height=HEIGHT)), named=len(ids) > 1))
    return found


def _small(figure: dict[str, Any], *, named: bool) -> dict[str, Any]:
    """Without what stands over and beside the figure anyway."""
    layout = figure["layout"]
    layout["showlegend"] = named
    layout["margin"] |= {"b": 0} if named else {"b": 0, "t": 8}
    for axis in ("xaxis", "yaxis"):
        layout[axis]["title"] = {"text": ""}
    return figure
