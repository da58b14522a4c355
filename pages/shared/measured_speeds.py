"""Networks' speeds on this machine, measured in seconds when somebody asks, for as long as the server lives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import format
from vitcore.errors import UserError
from vitcore.spec import RunSpec

if TYPE_CHECKING:  # brings scipy's optimizers, for which Home's first paint need not wait
    from vitcore.cost.speed import Measured, Network

SECONDS = 8  # that a measurement takes, torch's own start included


@st.cache_resource
def speeds() -> dict[Network, Measured]:
    """What was measured, by network."""
    return {}


def measure_button(guessed: Sequence[RunSpec]) -> None:
    """Offer to measure the networks that no stored run tells of; the page draws itself anew with what came out."""
    if not guessed:
        return
    word = "network" if len(guessed) == 1 else "networks"
    label = f"Measure {len(guessed)} {word} here first (some {SECONDS * len(guessed)} s)"
    if not st.button(label, type="tertiary", key="measure-speeds"):
        return
    from vitcore.cost.speed import measure, network

    refused = []
    bar = st.progress(0.0)
    for place, spec in enumerate(guessed):
        bar.progress(
            place / len(guessed),
            f"{spec.model.architecture}, {spec.model.kernel}, batches of {spec.training.batch_size:,}",
        )
        try:
            speeds()[network(spec)] = measure(spec)
        except UserError as error:
            refused.append(f"{spec.model.architecture}: {error}")
    bar.empty()
    for sentence in refused:
        st.warning(format.plain(sentence))
    if not refused:
        st.rerun()
