"""What a spec's network is before it is launched: parameters, multiply-accumulates and memory, counted."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from vitcore.cost import workload
from vitcore.cost.built import choice
from vitcore.cost.description import Choice, describe
from vitcore.errors import UserError
from vitcore.spec import RunSpec


class Size(NamedTuple):
    """Parameters, MACs of one image, and megabytes that a float32 step with AdamW holds at the spec's batch size."""

    parameters: int
    macs: int
    memory_mb: float


def size(spec: RunSpec) -> Size:
    """The network's size. The first call of a process imports torch, which takes seconds. Raises UserError."""
    return _size(spec.model.architecture, choice(spec), workload.batch(spec))


def macs(spec: RunSpec) -> float | None:
    """MACs of one image; None where no such network can be built."""
    try:
        return float(size(spec).macs)
    except UserError:
        return None


@st.cache_data(show_spinner=False, max_entries=2_000)
def _size(name: str, choice: Choice, batch: int) -> Size:
    found = describe(name, choice, batch)
    return Size(found.parameters, found.macs, found.memory / 2**20)
