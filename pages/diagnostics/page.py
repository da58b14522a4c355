"""Diagnostics: chosen runs on corrupted images, how far to trust their probabilities, what they make of images."""

from __future__ import annotations

import os

import pandas as pd
import streamlit as st

from pages.diagnostics import attention_panel, calibration_panel, representation_panel, robustness_panel
from pages.server import store_cache
from pages.shared import frame, naming
from pages.shared.run_picker import asked_anew, gone, pick_runs
from vitcore.runs.folder import Results
from vitcore.store import choosing

PARTS = {
    "Robustness": robustness_panel.panel,
    "Calibration": calibration_panel.panel,
    "Representations": representation_panel.panel,
    "Attention": attention_panel.panel,
}


def with_weights(table: pd.DataFrame) -> pd.DataFrame:
    """The runs that can be evaluated: they have a checkpoint, and do not train at present."""
    if table.empty:
        return table
    store, subset = Results(), table[~table["status"].isin(["queued", "running"])]
    return subset[[os.path.isfile(store.runs / run / "model.safetensors") for run in subset["id"]]]


def silent(run: str) -> str:
    """Why a run that the address names cannot be evaluated."""
    known = store_cache.runs().set_index("id")["status"]
    if run not in known.index:
        return gone(run)
    return "still trains" if known[run] in ("queued", "running") else "has no weights to evaluate"


frame.heading(
    "Diagnostics",
    "Why one network is better than another: how its errors grow as images get worse, how far to trust what it says, "
    "and what it makes of images on the way. Evaluated in the background with a run's last weights, and kept with it.",
)
able = with_weights(store_cache.runs(now=asked_anew("diagnostics-runs")))
if able.empty:
    st.markdown("No stored run has weights to evaluate yet.")
    st.page_link("train/page.py", label="Train a model")
else:
    first = choosing.default(able, None)
    ids = pick_runs(able, key="diagnostics-runs", first=first, label="Runs", why=silent)
    chosen = able[able["id"].isin(ids)].set_index("id", drop=False).reindex(ids)
    if chosen.empty:
        st.caption("Choose the runs to lay side by side.")
    else:
        names = naming.of(chosen).names
        part = st.segmented_control(
            "Part", PARTS, required=True, default="Robustness", key="diagnostics-part", label_visibility="collapsed"
        )
        PARTS[part or "Robustness"](names)
