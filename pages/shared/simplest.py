"""What always answering one class reaches on a person's own images, for a run's error to be measured by."""

from __future__ import annotations

import streamlit as st

from pages.shared import format
from pages.shared.status import Run


def simplest(run: Run) -> None:
    """A sentence with both errors; nothing for a run on one of the named datasets."""
    error = run.get("majority_error")
    if format.missing(error):
        return
    own = run.get("error_percent")
    beside = "" if format.missing(own) else f"; this run's last weights err on {format.percent(own, 2)}"
    st.caption(
        f"Always answering the class of most training images errs on {format.percent(error, 2)} of the test "
        f"images{beside}."
    )
