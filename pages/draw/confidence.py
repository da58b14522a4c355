"""How probable a model calls its answer, and how probable it is by what its validation images say of such answers."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from vitcore.analysis import outputs
from vitcore.analysis.calibration import temperature
from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predict import Prediction
from vitcore.statistics.calibration import at_temperature


def confidence(run_id: str, answer: Prediction) -> str:
    """'probability 1.00, calibrated 0.97'; the second where the run's temperature is known (Diagnostics fits it)."""
    text = f"probability {max(answer.probabilities):.2f}"
    known = _known(run_id)
    return text if known is None else f"{text}, calibrated {max(at_temperature(answer.probabilities, known)):.2f}"


def _known(run_id: str) -> float | None:
    """The run's temperature; None where its answers were not kept, or not on validation images."""
    run = Results().run(run_id)
    try:
        stamps = tuple(path.stat().st_mtime_ns for path in (outputs.path(run), run.checkpoint))
        return _fitted(run.path, stamps)
    except (OSError, UserError):
        return None


@st.cache_data(show_spinner=False, max_entries=64)
def _fitted(path: Path, stamps: tuple[int, ...]) -> float | None:
    return temperature(RunFolder(path))
