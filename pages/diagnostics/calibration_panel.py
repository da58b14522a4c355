"""How far chosen runs' probabilities can be trusted: the reliability diagram, the errors, what a temperature mends."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.diagnostics import evaluations
from pages.shared import format, run_colors
from pages.shared.chart import chart
from vitcore.analysis import outputs
from vitcore.analysis.calibration import Calibrated, calibration
from vitcore.errors import UserError
from vitcore.figures.reliability import reliability_diagram
from vitcore.runs.folder import Results
from vitcore.statistics.calibration import BINS


def panel(names: Mapping[str, str]) -> None:
    """The whole part for these runs (ids -> names)."""
    evaluations.panel(names, outputs.KIND, _panel)


def _panel(names: Mapping[str, str]) -> None:
    evaluations.ways(names, outputs.KIND, "Evaluate probabilities", _done)
    found = {id: lines for id in names if (lines := _found(id)) is not None}
    if not found:
        st.caption("A network can be right as often as it is sure, or not. One pass over test and validation images.")
        return
    mended = {id: lines.mended.bins if lines.mended else [] for id, lines in found.items()}
    places = run_colors.places(names, page="diagnostics")
    with st.grid(2, min_column_width=330, gap="medium"):
        with st.container(gap="xxsmall"):
            st.markdown("**As they are**")
            figure = reliability_diagram(
                {id: (names[id], lines.plain.bins) for id, lines in found.items()}, places=places
            )
            chart(figure, key="reliability", name="vitcore-reliability")
        if any(mended.values()):
            with st.container(gap="xxsmall"):
                st.markdown("**Over their temperature**")
                figure = reliability_diagram(
                    {id: (names[id], bins) for id, bins in mended.items()}, revision="reliability-mended", places=places
                )
                chart(figure, key="reliability-mended", name="vitcore-reliability-mended")
    for id, answers in found.items():
        st.markdown(f"**{format.plain(names[id])}**: {format.plain(answers.sentence)}")
    st.caption(
        f"Test images in {BINS} bins of equal width by the probability of the likeliest class (Guo et al. 2017). Lines "
        "over points are Wilson's 95 % intervals; the expected calibration error is the mean distance from the "
        "diagonal, by images, with a bootstrap interval over test images. One number, fitted on validation images, "
        "divides all logits; it changes no answer."
    )


def _done(id: str) -> tuple[int, int]:
    try:
        return int(outputs.read(Results().run(id)) is not None), 1
    except UserError:
        return 0, 1


def _found(id: str) -> Calibrated | None:
    """What the run's kept answers say; None where there are none."""
    try:
        changed = outputs.path(Results().run(id)).stat().st_mtime_ns
        return _computed(str(Results().root), id, changed)
    except (OSError, UserError):
        return None


@st.cache_data(show_spinner=False, max_entries=64)
def _computed(root: str, id: str, changed: int) -> Calibrated:
    """Kept for as long as the answers are the same: the bootstrap takes half a second."""
    return calibration(Results(root).run(id))
