"""What a spec's network is before it is launched: parameters and multiply-accumulates, counted."""

from __future__ import annotations

import streamlit as st

from vitcore.cost.description import Choice, describe
from vitcore.data.load import described
from vitcore.models.dimensions import NAMES
from vitcore.spec import RunSpec


def sizes(spec: RunSpec) -> tuple[int, int]:
    """Parameters, and MACs of one image. The first call of a process imports torch, which takes seconds."""
    known, model = described(spec.data.dataset, spec.data.folder), spec.model
    choice = Choice(
        channels=known.channels,
        image_size=spec.data.image_size or known.image_size,
        classes=len(known.classes),
        kernel=model.kernel,
        features=model.features,
        pos_embed=model.pos_embed,
        patch=model.patch,
        **{name: getattr(model, name) for name in NAMES},
    )
    return _sizes(model.architecture, choice)


@st.cache_data(show_spinner=False, max_entries=2_000)
def _sizes(name: str, choice: Choice) -> tuple[int, int]:
    found = describe(name, choice)
    return found.parameters, found.macs
