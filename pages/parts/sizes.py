"""What a spec would cost before it is launched: parameters, multiply-accumulates, and how long it may take here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from vitcore.data.load import described
from vitcore.reports.architectures import Choice, describe
from vitcore.reports.speed import forecast_here
from vitcore.spec import RunSpec


def sizes(spec: RunSpec) -> tuple[int, int]:
    """Parameters, and MACs of one picture. The first call of a process imports torch, which takes seconds."""
    known, model = described(spec.data.dataset, spec.data.folder), spec.model
    choice = Choice(
        channels=known.channels,
        side=spec.data.side or known.side,
        classes=len(known.classes),
        kernel=model.kernel,
        features=model.features,
        positions=model.positions,
        patch=model.patch,
    )
    return _sizes(model.architecture, choice)


def remembered(specs: Sequence[RunSpec], table: pd.DataFrame) -> float | None:
    """Seconds that all of these would take at the speed of stored runs of the same network, None where one is new.

    Speed depends on the network and on the pictures' size, hardly on what is on them.
    """
    known = table.dropna(subset=["images_per_second"])
    total = 0.0
    for spec in specs:
        alike = known[
            (known["architecture"] == spec.model.architecture)
            & (known["kernel"] == spec.model.kernel)
            & (known["dataset"] == spec.data.dataset)
        ]
        if alike.empty:
            return None
        total += _rows(spec) * spec.training.epochs / float(alike["images_per_second"].head(5).median())
    return total


@st.cache_data(show_spinner=False, max_entries=500)
def measured(spec: str) -> float:
    """Seconds that a spec (as JSON) would take, from a few steps made now in a process of its own; raises Refusal."""
    return 60 * forecast_here(RunSpec.model_validate_json(spec))["minutes"]


def _rows(spec: RunSpec) -> int:
    known = described(spec.data.dataset, spec.data.folder)
    return spec.data.samples or known.train_rows


@st.cache_data(show_spinner=False, max_entries=2_000)
def _sizes(name: str, choice: Choice) -> tuple[int, int]:
    found = describe(name, choice)
    return found.parameters, found.macs
