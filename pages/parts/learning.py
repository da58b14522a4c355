"""The curves of runs that learn, drawn once for all who look on: a figure is built anew only when its journals grew."""

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


def curves(chosen: pd.DataFrame) -> None:
    """Loss, accuracy and F1 of the chosen runs, side by side where there is room."""
    ids = tuple(chosen["id"])
    drawn = _drawn(str(Results().root), ids, tuple(chosen["title"]), _mark(ids), chosen)
    st.space("small")
    with st.grid(2, min_column_width=330, gap=("medium", "large")):
        for (title, y, _), figure in zip(CURVES, drawn, strict=True):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{title}**")
                if figure is None:
                    with st.container(height=HEIGHT, border=False):
                        st.caption("Nothing yet.")
                else:
                    chart(figure, key=f"curve-{y}", name=f"vitcore-{y}")


def _mark(ids: tuple[str, ...]) -> tuple[int, ...]:
    """How long the journals are, which only ever grow: the same mark means the same curves."""
    found = []
    for id in ids:
        try:
            folder = Results().run(id)
            found += [path.stat().st_size if path.exists() else 0 for path in (folder.events, folder.steps)]
        except (OSError, Refusal):  # deleted meanwhile: the page says so elsewhere
            found += [-1, -1]
    return tuple(found)


@st.cache_resource(show_spinner=False, max_entries=32)
def _drawn(
    root: str, ids: tuple[str, ...], titles: tuple[str, ...], mark: tuple[int, ...], _chosen: pd.DataFrame
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
        figure = figures.curves(rows, _chosen, x=x, y=y, height=HEIGHT)
        figure.update_layout(showlegend=len(ids) > 1, xaxis_title="", yaxis_title="", margin_b=0)
        if len(ids) == 1:
            figure.update_layout(margin_t=8)
        found.append(plain(figure))
    return found
