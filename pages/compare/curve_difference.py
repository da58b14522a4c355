"""Two runs' curves as one: how far A is from B at every epoch that both have."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.compare.view_widgets import KEYS
from pages.server import store_cache
from pages.shared import format
from pages.shared.chart import chart, plain
from pages.shared.evidence import evidence
from vitcore import events, figures
from vitcore.errors import UserError
from vitcore.figures.metrics import SHARES
from vitcore.store import queries
from vitcore.store.provenance import of_curve_difference


def curve_difference(first: pd.Series, second: pd.Series) -> None:
    """A − B of a metric that is chosen here, over epochs; why not, where they cannot be laid over one another."""
    st.subheader("Curves", anchor=False)
    y = st.selectbox(
        "Value", figures.Y_AXES, format_func=figures.Y_AXES.__getitem__, key=KEYS["y"], width=270,
        persist_state="session",
    )  # fmt: skip
    try:
        table = differences(first, second, str(y))
    except UserError as error:
        st.caption(format.plain(f"{str(error)[0].upper()}{str(error)[1:]}."))
        return
    unit = " (points)" if y in SHARES else ""
    plot = figures.curve_plot(table, y="difference", title=f"A − B{unit}", height=320, revision=f"difference:{y}")
    chart(plain(plot), key="difference-curve", name="vitcore-difference")
    st.caption(format.plain(f"{figures.Y_AXES[y]} of A less that of B, at the {len(table):,} epochs that both have."))
    found = of_curve_difference(str(first["id"]), str(second["id"]), str(y), 100 if y in SHARES else 1)
    evidence(
        found, "Evidence for the difference of curves", key="evidence-difference",
        sql="A row an epoch, by DuckDB on results/runs.duckdb:",
    )  # fmt: skip


def differences(first: pd.Series, second: pd.Series, y: str) -> pd.DataFrame:
    """`run_id`, `epoch`, `difference` at the epochs of which both have a value; shares in percentage points.

    Raises:
        UserError: they are of different images, or there is no such epoch.
    """
    digests = {each for each in (first.get("data_digest"), second.get("data_digest")) if isinstance(each, str)}
    if first["dataset"] != second["dataset"] or len(digests) > 1:
        raise UserError("the two runs saw different data, so the difference of their curves would say nothing")
    epochs = queries.epochs(store_cache.index(), [str(first["id"]), str(second["id"])])
    a, b = (epochs[epochs["run_id"] == run["id"]].set_index("epoch") for run in (first, second))
    if y in ("held_out_accuracy", *events.HELD_OUT) and bool(a["validated"].any()) != bool(b["validated"].any()):
        raise UserError("only one of the two has validation, so that their curves are of different images")
    apart = (pd.to_numeric(a[y]).astype(float) - pd.to_numeric(b[y]).astype(float)).dropna()
    if apart.empty:
        raise UserError("there is no epoch at which both have this value")
    values = 100 * apart if y in SHARES else apart
    return pd.DataFrame({"run_id": "A − B", "epoch": values.index, "difference": values.to_numpy()})
