"""What a spec would cost before it is launched: parameters, multiply-accumulates, and how long it may take here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from vitcore.data.load import described
from vitcore.models import build
from vitcore.spec import ModelSpec, RunSpec


def sizes(spec: RunSpec) -> tuple[int, int]:
    """Parameters, and MACs of one picture. The first call of a process imports torch, which takes seconds."""
    known = described(spec.data.dataset, spec.data.folder)
    return _sizes(spec.model.model_dump_json(), known.channels, spec.data.side or known.side, len(known.classes))


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
    """Seconds that a spec (as JSON) would take, from a few steps made now on this machine; raises Refusal."""
    from vitcore.training.forecast import forecast

    return 60 * forecast(RunSpec.model_validate_json(spec)).minutes


def _rows(spec: RunSpec) -> int:
    known = described(spec.data.dataset, spec.data.folder)
    return spec.data.samples or known.train_rows


@st.cache_data(show_spinner=False, max_entries=2_000)
def _sizes(model: str, channels: int, side: int, classes: int) -> tuple[int, int]:
    from vitcore.models.count import macs, parameters

    options = ModelSpec.model_validate_json(model).model_dump()
    built = build(options.pop("architecture"), channels=channels, side=side, classes=classes, **options)
    return parameters(built), macs(built, channels, side)
