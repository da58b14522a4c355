"""What a spec's network is before it is launched: parameters and multiply-accumulates, counted."""

from __future__ import annotations

import streamlit as st

from vitcore.cost.built import choice
from vitcore.cost.description import Choice, describe
from vitcore.spec import RunSpec


def sizes(spec: RunSpec) -> tuple[int, int]:
    """Parameters, and MACs of one image. The first call of a process imports torch, which takes seconds."""
    return _sizes(spec.model.architecture, choice(spec))


@st.cache_data(show_spinner=False, max_entries=2_000)
def _sizes(name: str, choice: Choice) -> tuple[int, int]:
    found = describe(name, choice)
    return found.parameters, found.macs
