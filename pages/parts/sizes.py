"""Parameters and multiply-accumulates of a spec's network, before a single step is trained."""

from __future__ import annotations

import streamlit as st

from vitcore.data.datasets import DATASETS
from vitcore.models import build
from vitcore.spec import ModelSpec, RunSpec


def sizes(spec: RunSpec) -> tuple[int, int]:
    """Parameters, and MACs of one picture. The first call of a process imports torch, which takes seconds."""
    known = DATASETS[spec.data.dataset]
    return _sizes(spec.model.model_dump_json(), known.channels, spec.data.side or known.side, len(known.classes))


@st.cache_data(show_spinner=False, max_entries=2_000)
def _sizes(model: str, channels: int, side: int, classes: int) -> tuple[int, int]:
    from vitcore.models.count import macs, parameters

    options = ModelSpec.model_validate_json(model).model_dump()
    built = build(options.pop("architecture"), channels=channels, side=side, classes=classes, **options)
    return parameters(built), macs(built, channels, side)
