"""A kernel by formula: typed, looked at, laid beside softmax, measured, trained."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.kernels import measure_panel
from pages.shared import format
from pages.shared.chart import chart
from pages.shared.launch import FIRST, launch, watch
from vitcore.errors import UserError
from vitcore.figures import kernels as figures
from vitcore.lab.portrait import Portrait, digit, matrices, portrait
from vitcore.layers.formulas.language import FUNCTIONS, LONGEST
from vitcore.spec import RunSpec

KEY = "formula"
HELP = format.plain(
    f"In x, with numbers, + - * / **, brackets and {', '.join(FUNCTIONS)}; where begins with a comparison, as in "
    f"where(x < 0, 0, x). At most {LONGEST} signs."
)


def panel() -> str | None:
    """Draw the part; the kernel's name where a formula stands there that is one."""
    st.subheader("A kernel of your own", anchor=False)
    typed = st.text_input(
        "φ(x)",
        key=KEY,
        placeholder="relu(x)**3 + 0.1",
        help=HELP,
        bind="query-params",
        width=560,
        persist_state="session",
    )
    if not typed or not typed.strip():
        st.caption(
            "Type the feature function of a linear attention: it is applied to each coordinate of queries and keys. "
            "It is read as a formula and never run as a program."
        )
        return None
    try:
        found = _portrait(typed)
    except UserError as error:
        st.markdown(f":small[:red[{format.plain(str(error))}]]")
        return None
    _read_as(found)
    with st.grid(2, min_column_width=330, gap="medium"):
        with st.container(gap="xxsmall"):
            st.markdown("**Shape and gradient**")
            chart(figures.portrait(found.curve), key="formula-curve", name="vitcore-formula")
        with st.container(gap="xxsmall"):
            _attention(found)
    for sentence in found.sentences:
        st.markdown(format.plain(sentence))
    _go_on(found)
    return found.name


@st.cache_data(show_spinner="Reading the formula …", max_entries=200)
def _portrait(typed: str) -> Portrait:
    return portrait(typed)


@st.cache_data(show_spinner="Laying it beside softmax …", max_entries=200)
def _matrices(name: str) -> list[np.ndarray]:
    return list(matrices(name, digit()).values())


def _read_as(found: Portrait) -> None:
    st.markdown(
        f"Read as **{format.plain(found.kernel.label)}**: {format.number(found.operations, 'operation')} for each "
        "number of a query or key, before two matrix products whose cost grows with the tokens; "
        f"ε = {found.kernel.epsilon:g}."
    )


def _attention(found: Portrait) -> None:
    """Its attention beside softmax's, each in the colors of its own range."""
    st.markdown("**Attention on the patches of a digit**: softmax left, this kernel right")
    with st.grid(2, min_column_width=150, gap="small"):
        for key, weights in zip(("softmax", "own"), _matrices(found.name), strict=True):
            chart(
                figures.attention(weights, float(weights.max())),
                key=f"formula-attention-{key}",
                name="vitcore-attention",
            )


def _go_on(found: Portrait) -> None:
    """Measure it, or train it: the smallest transformer on digits, as everybody's first run, with this kernel."""
    with st.container(horizontal=True, key="formula-actions"):
        st.button("Measure its cost here", key="formula-measure", on_click=measure_panel.go, args=([found.name],))
        pressed = st.button("Train it on digits", type="primary", key="formula-train")
    st.caption(
        f"As {format.plain(found.name)} it stands wherever kernels are chosen: in Train's field, after --kernel on the "
        "command line, in every table."
    )
    if pressed and (ids := launch([_first_run(found.name)])):
        watch(ids)


def _first_run(kernel: str) -> RunSpec:
    return RunSpec.of(FIRST, kernel=kernel, name="")
