"""Measuring the kernels on this machine: start, progress, stop, and the figures of what was measured."""

from __future__ import annotations

import math

import streamlit as st

from pages.shared import format, moments
from pages.shared.chart import chart
from vitcore.errors import UserError
from vitcore.figures import kernels as figures
from vitcore.lab import measure, measurements, plan
from vitcore.lab.measurements import Measurement
from vitcore.runs.folder import Results

TICK = 1.5  # seconds between two looks while it measures
TICKING = "measuring-now"
PATCHES = 65  # CIFAR's 64 tokens with patches of 4, and a class token


def panel() -> None:
    """The whole part: looks again by itself only while something is measured."""
    st.session_state[TICKING] = measure.measuring(Results())
    st.fragment(_panel, run_every=TICK if st.session_state[TICKING] else None)()


def _panel() -> None:
    results = Results()
    running = measure.measuring(results)
    if st.session_state[TICKING] != running:
        st.rerun()  # begun or ended: the whole page anew, with the timer or without
    found = measurements.latest(results)
    if running:
        _under_way(found)
    else:
        _start(found)
    if found is not None and len(found.points):
        _shown(found)


def _start(found: Measurement | None) -> None:
    """What to measure, and the button."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="measure-form"):
        chosen = st.multiselect(
            "Kernels",
            plan.SERIES,
            default=plan.Plan().series,
            format_func=measurements.label,
            key="measure-series",
            width=640,
        )
        label = "Measure on this machine" if found is None else "Measure again"
        st.button(label, type="primary", key="measure", on_click=go, args=(chosen,))
    if found is None:
        st.caption("Takes two to three minutes, in the background: leave the page, come back, it goes on.")


def go(chosen: list[str]) -> None:
    """Measure these kernels beside softmax; a refusal is shown for a moment."""
    series = tuple(dict.fromkeys(["softmax", *chosen]))  # what the others are compared with
    try:
        measure.start(Results(), plan.Plan(series=series))
        measure.await_start(Results())
    except UserError as error:
        st.toast(format.plain(str(error)))


def _under_way(found: Measurement | None) -> None:
    fresh = found if found is not None and found.status == "running" else None
    done, total = (len(fresh.points), fresh.total) if fresh else (0, 0)
    with st.container(horizontal=True, vertical_alignment="center", key="measuring"):
        st.progress(
            fresh.progress if fresh else 0.0, f"{done} of {format.number(total, 'point')}" if total else "Starting …"
        )
        st.button("Stop", key="measure-stop", on_click=_stop)
    st.caption("While a run trains the measurement waits: each would spoil the other's times.")


def _stop() -> None:
    try:
        measure.stop(Results())
    except UserError as error:
        st.toast(format.plain(str(error)))


def _shown(found: Measurement) -> None:
    widths = sorted(int(width) for width in found.points["head_width"].unique())
    width = st.segmented_control(
        "Head width", widths, default=widths[0], key="measure-width", format_func=lambda item: f"{item} wide"
    )
    points = found.points[found.points["head_width"] == (width or widths[0])]
    crossings = [
        crossover for crossover in measurements.crossovers(found.points) if crossover.head_width == (width or widths[0])
    ]
    with st.grid(2, min_column_width=330, gap="medium"):
        with st.container(gap="xxsmall"):
            st.markdown("**Time**, forward and backward")
            etags = [(crossing.series, crossing.tokens, crossing.milliseconds) for crossing in crossings]
            chart(
                figures.cost(points, measurements.label, crossings=etags), key="cost-time", name="vitcore-kernel-time"
            )
        with st.container(gap="xxsmall"):
            st.markdown("**Memory**, at its height")
            memory = points.assign(megabytes=points["memory_bytes"] / 2**20)
            chart(
                figures.cost(memory, measurements.label, y="megabytes"), key="cost-memory", name="vitcore-kernel-memory"
            )
    _table(found)
    for sentence in measurements.verdict(found.points, PATCHES):
        st.markdown(sentence)
    state = "" if found.status in ("finished", "running") else f" It was {found.status} before its end."
    when = f"Measured {moments.ago(found.moment)} on {found.place}.{state}"
    st.caption(
        f"One image, {found.about.get('heads', 4)} heads, without the linear maps around the attention, which are "
        f"the same for all; FAVOR+ with {plan.FEATURES} features. Crosses mark where a kernel passes softmax. Up to "
        f"{found.about.get('explicit_tokens', 100)} tokens softmax is two plain products, beyond that torch's fused "
        f"attention, which never holds all weights at once. {when}"
    )


def _table(found: Measurement) -> None:
    """From how many tokens on each kernel beats softmax."""
    rows = [
        {
            "Kernel": measurements.label(crossover.series),
            "Head width": crossover.head_width,
            "Quicker than softmax from": crossover.words,
            "Times quicker at the longest": None if math.isnan(crossover.factor) else crossover.factor,
        }
        for crossover in measurements.crossovers(found.points)
    ]
    if rows:
        st.dataframe(
            rows,
            hide_index=True,
            key="crossovers",
            column_config={
                "Times quicker at the longest": st.column_config.NumberColumn(format="%.1f ×"),
                "Quicker than softmax from": st.column_config.TextColumn(width="medium"),
            },
        )
