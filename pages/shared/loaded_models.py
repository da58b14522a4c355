"""Stored models ready to answer: each is loaded once and stays in memory while its checkpoint does not change."""

from __future__ import annotations

import streamlit as st

from vitcore.runs.folder import Results
from vitcore.runs.predict import Loaded, load

STORED = 16  # models held in memory


def loaded(run_id: str) -> Loaded:
    """The run's model, kept while its checkpoint does not change; raises UserError."""
    run = Results().run(run_id)
    return _loaded(run_id, (str(run.path), _stamp(run_id), id(Loaded)))


def _stamp(run_id: str) -> int:
    """When the checkpoint was written; 0 where there is none."""
    try:
        return Results().run(run_id).checkpoint.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(show_spinner=False, max_entries=STORED)
def _loaded(run_id: str, version: tuple[str, int, int]) -> Loaded:
    """The run's model; `version` changes with its folder, its checkpoint and the library's own code."""
    return load(Results().run(run_id))
