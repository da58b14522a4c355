"""How long a run is to be: a minute, ten minutes, or as the reports have it; epochs and samples follow from that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.server import store_cache
from pages.shared import format
from pages.shared.measured_speeds import speeds
from pages.train import standing
from pages.train.network_size import macs
from vitcore.cost.fitting import fitting
from vitcore.cost.speed import Speed
from vitcore.errors import UserError
from vitcore.published import recipes
from vitcore.spec import RunSpec, fields

PUBLISHED = "As published"
SECONDS = {"A minute": 60.0, "Ten minutes": 600.0}
KEY, _SET = "how-long", "how-long-set"


@dataclass(frozen=True)
class _Applied:
    """What was chosen, of which run, and the options that it set."""

    choice: str
    of: RunSpec  # its length apart
    values: dict[str, Any]


def follow() -> None:
    """Bring epochs and samples in line with what is chosen, before the form is drawn.

    A length that somebody changes by hand is no longer the chosen one; one that is chosen follows data and network.
    """
    state = st.session_state
    choice, spec = state.get(KEY), standing.spec()
    before: _Applied | None = state.get(_SET)
    if choice is None or spec is None:
        return
    rest = _without_length(spec)
    if before is not None and before.choice == choice:
        now = spec.flat()
        if any(now[name] != value for name, value in before.values.items()):
            state[KEY], state[_SET] = None, None
            return
        if rest == before.of:
            return
    values = _published(spec) if choice == PUBLISHED else _as_long_as(spec, SECONDS[choice])
    if values is None:
        state[KEY], state[_SET] = None, None
        return
    standing.put(values)
    after = standing.spec()
    state[_SET] = _Applied(choice, _without_length(after or spec), values)


def ask(spec: RunSpec | None) -> None:
    """The question, and what the answer comes to."""
    ways = list(SECONDS)
    found = recipes.of(spec.model.architecture, spec.data.dataset) if spec is not None else ()
    if found:
        ways.append(PUBLISHED)
    elif st.session_state.get(KEY) == PUBLISHED:
        st.session_state[KEY] = None
    st.segmented_control("How long", ways, key=KEY, label_visibility="collapsed", persist_state="session")
    if spec is None:
        return
    samples = f"{spec.data.samples:,} samples" if spec.data.samples else "all samples"
    text = f"{format.number(spec.training.epochs, 'epoch')} of {samples}."
    if st.session_state.get(KEY) == PUBLISHED:
        text += f" {found[0].label}; {found[0].source}."
    elif not found:
        text += " No report trains this network on this data by itself."
    st.caption(format.plain(text))


def _as_long_as(spec: RunSpec, seconds: float) -> dict[str, Any] | None:
    """Epochs and samples of a run of so many seconds; None where nothing tells how quick it is."""
    speed = Speed(store_cache.runs(), measured=speeds(), counted=macs)
    try:
        length = fitting(spec, seconds, speed)
    except UserError:
        return None
    if length is None:
        st.toast("Nothing tells yet how long this network takes; measure it first, or set the epochs yourself.")
        return None
    return {"epochs": length.epochs, "samples": length.samples}


def _published(spec: RunSpec) -> dict[str, Any] | None:
    """Every option of the first published recipe of this network on this data, but for what is no part of it."""
    found = recipes.of(spec.model.architecture, spec.data.dataset)
    alike = [each for each in found if each.spec.model.kernel == spec.model.kernel] or list(found)
    if not alike:
        return None
    own = {"seed", "name", "device", "precision", "compile"}
    given = alike[0].spec.flat()
    return {leaf.name: given[leaf.name] for leaf in fields() if not leaf.derived and leaf.name not in own}


def _without_length(spec: RunSpec) -> RunSpec:
    short: dict[str, Any] = {"epochs": 1, "warmup_epochs": 0, "cooldown_epochs": 0}
    return RunSpec.of(spec, samples=None, replacement=False, seed=0, name="", **short)
