"""Kernels: their shapes, how near FAVOR+ comes to softmax, what they cost here, and which two are one."""

import pandas as pd
import streamlit as st

from pages.kernels import formula_panel, measure_panel
from pages.shared import frame
from pages.shared.chart import chart
from vitcore.figures import kernels as figures
from vitcore.lab import approximation
from vitcore.layers.kernels import KERNELS, kernel_of
from vitcore.reproduction.verdicts import published_floor

VIEWS = ("Weight of a key", "Feature function")
PAIRS = (("x^4", "max(x^4,0)"), ("x^2", "max(x^2,0)"), ("x^4", "max(x,0)^4"))


def name(kernel: str) -> str:
    """A kernel's label, for people."""
    return kernel_of(kernel).label


@st.cache_data(show_spinner="Drawing the kernels …")
def curves(weights: bool, own: str | None) -> pd.DataFrame:
    """Points of every kernel's curve: its weight over q·k/√d, or its feature φ over x; `own` is a formula's name."""
    names = [*KERNELS, *([own] if own else [])]
    return approximation.weight_curves(names) if weights else approximation.feature_curves(names)


@st.cache_data(show_spinner="Comparing FAVOR+ with softmax …")
def favor_error() -> tuple[pd.DataFrame, float]:
    """How far FAVOR+ is from softmax, by number of features."""
    return approximation.favor_error(), approximation.uniform_error()


@st.cache_data(show_spinner="Comparing bit for bit …")
def agreement(first: str, second: str) -> approximation.Agreement:
    """How far two kernels give the same numbers, remembered."""
    return approximation.agreement(first, second)


def shapes(own: str | None) -> None:
    """The curves of the chosen kernels, that of one's own formula among them."""
    st.subheader("What a kernel is", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control("View", VIEWS, default=VIEWS[0], key="kernel-view", label_visibility="collapsed")
        log = st.toggle("Logarithmic", key="kernel-log")
    chosen = st.multiselect(
        "Kernels", list(KERNELS), ["softmax", "relu", "x^2", "x^4", "elu+1"], format_func=name, key="kernel-shown"
    )
    chosen += [own] if own else []
    weights = view != VIEWS[1]
    table = curves(weights, own)
    x, y = ("q·k / √d", "Weight, as a share of the most") if weights else ("x", "φ(x)")
    chart(figures.shapes(table[table["kernel"].isin(chosen)], name, x=x, y=y, log_y=log), key="shapes", name="kernels")
    st.caption(
        "How much a key weighs for a query of the same length, 32 wide, the mean over random directions. Softmax tells "
        "near keys from far ones sharply; FAVOR+ has its curve in the mean; the others are flatter, and even kernels "
        "(x², x⁴) cannot tell a key from its opposite."
        if weights
        else "φ is applied to each coordinate, or to each random projection, of queries and keys; attention is then "
        "two matrix products. Softmax has no finite φ; FAVOR+ is exp(x − x²/2) here."
    )
    with st.expander("Every kernel as a formula"):
        rows = [(value.label, value.formula, value.epsilon, value.source) for value in KERNELS.values()]
        st.dataframe(pd.DataFrame(rows, columns=["Kernel", "Formula", "ε", "Source"]), hide_index=True, key="formulas")


def favor() -> None:
    """The chart of FAVOR+'s distance from softmax, and how it was measured."""
    st.subheader("How near FAVOR+ comes to softmax", anchor=False)
    errors, uniform = favor_error()
    chart(figures.favor(errors, uniform), key="favor", name="vitcore-favor")
    st.caption(
        "‖FAVOR+ − softmax‖ / ‖softmax‖ of attention's output: 128 tokens, heads 32 wide, entries of q and k with "
        f"deviation {approximation.SCALE:g}, four draws of the features. Dotted: attending to all tokens alike, which "
        f"errs by {uniform:.0%}; what lies above it tells less of q and k than nothing at all. Four times as many "
        "features about halve the error. With smaller entries uniform attention is as near as many features; at unit "
        "scale exp(q·k/√d) is so uneven that no number of features helps."
    )


def same_function() -> None:
    """The statement, its proof, the live check and what follows for the report."""
    st.subheader("x⁴ and max(x⁴, 0) are the same function", anchor=False)
    st.markdown(
        "**Proof.** For every real x, x² ≥ 0, being a product of two numbers of one sign; so x⁴ = (x²)² ≥ 0, and the "
        "larger of x⁴ and 0 is x⁴. In floating point too: a square's sign bit is never set, so there is nothing for "
        "max to change, and its gradient is passed through unchanged. The same holds for x² and max(x², 0). "
        "max(x, 0)⁴ is another function: it is 0 for negative x."
    )
    rows = []
    for first, second in PAIRS:
        found = agreement(first, second)
        rows.append((f"{name(first)} and {name(second)}", found.compared, found.different))
    names = ["Checked here", "Random numbers", "Different in any bit"]
    st.dataframe(
        pd.DataFrame(rows, columns=names),
        hide_index=True,
        key="agreement",
        column_config={item: st.column_config.NumberColumn(format="localized") for item in names[1:]},
    )
    floor, pairs = published_floor("performer"), approximation.same_pairs()
    st.markdown(
        f"**What follows for the Performer report.** Its tables have {len(pairs)} pairs of rows that are one function, "
        f"trained twice. They lie up to {pairs['apart'].max():.2f} points apart, so a single run's error has a "
        f"standard deviation of about **{floor.deviation:.1f} points** (95 % interval {floor.low:.1f} to "
        f"{floor.high:.1f}), and two single runs must differ by more than {floor.difference():.1f} points before it is "
        "worth a word. "
        "Most of the report's ranking of kernels lies below that."
    )
    with st.expander("The pairs"):
        titles = ["Table", "Column", "One", "The other", "Error (%)", "Error of the other (%)", "Points apart"]
        number = st.column_config.NumberColumn(format="%.2f")
        st.dataframe(
            pairs.set_axis(titles, axis=1),
            hide_index=True,
            key="pairs",
            column_config=dict.fromkeys(titles[4:], number),
        )


frame.heading("Kernels", "What stands between a query and a key: what it looks like, what it costs, what it is worth.")
own = formula_panel.panel()
shapes(own)
st.subheader("What it costs on this machine", anchor=False)
measure_panel.panel()
favor()
same_function()
