"""A sweep in Train's address: which options vary, and over what; `sweep=seed,kernel&sweep-seed=0-4&sweep-kernel=…`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import streamlit as st

from pages.shared.addressed import listed
from pages.train import standing, sweep
from pages.train.fields import key_of
from vitcore.errors import UserError
from vitcore.spec import SpecField

NAME = "sweep"
LOT = {"count": "sweep-count", "draw-seed": "sweep-seed"}  # of random draws, by the end of its parameter
RANGE = "range:"  # begins a value that is one: range:0.001:0.1:5:log
ENDS = ("low", "high", "steps")
LONGEST = 6_000  # signs of a sweep in an address: a server takes no request of much more


def of() -> dict[str, str]:
    """What the form's sweep is, as an address says it; nothing where there is none, or it would be too long."""
    state, leaves = st.session_state, {leaf.name: leaf for leaf in standing.leaves()}
    names = sweep.swept()
    if not names:
        return {}
    found = {NAME: ",".join(names)}
    drawn = state.get("sweep-way") == sweep.WAYS[1]
    if drawn:
        found |= {f"{NAME}-{end}": str(state[key]) for end, key in LOT.items() if key in state}
    for name in names:
        found[f"{NAME}-{name}"] = _values(leaves[name])
    return found if sum(len(key) + len(text) for key, text in found.items()) <= LONGEST else {}


def _values(leaf: SpecField) -> str:
    """One option's values: a list as it was typed, choices joined by commas, or a range."""
    state = st.session_state
    if state.get(f"sweep-{leaf.name}-as") == sweep.KINDS[1]:
        ends = [str(state.get(f"sweep-{leaf.name}-{end}", "")).strip() for end in ENDS]
        return RANGE + ":".join([*ends, *(["log"] if state.get(f"sweep-{leaf.name}-log") else [])])
    several = state.get(key_of(leaf, several=True), [])
    if isinstance(several, str):
        return several
    return ",".join(_escaped(_text(leaf, value)) for value in several)


def fill(given: Mapping[str, str], known: Mapping[str, SpecField], read: Callable[[SpecField, str], Any]) -> list[str]:
    """Set the fold as an address says; what it says that cannot be, in sentences.

    Args:
        known: the form's options by name.
        read: the value that a text stands for; raises UserError where it is none of that option.
    """
    state = st.session_state
    asked = [name for name in given.get(NAME, "").split(",") if name]
    names = [name for name in dict.fromkeys(asked) if name in known and name not in sweep.ALONE]
    state[sweep.OVER] = names
    state["sweep-way"] = sweep.WAYS[any(f"{NAME}-{end}" in given for end in LOT)]
    for end, key in LOT.items():
        if f"{NAME}-{end}" in given:
            state[key] = given[f"{NAME}-{end}"]
    strange = [name for name in asked if name not in names]
    found = [f"The address says {listed(strange)}, over which no sweep can run."] if strange else []
    for name in names:
        try:
            _set(known[name], given.get(f"{NAME}-{name}", ""), read)
        except UserError as error:
            found.append(f"The address is not followed in one thing: {error}.")
    return found


def _set(leaf: SpecField, text: str, read: Callable[[SpecField, str], Any]) -> None:
    """One option's values into its fields; raises UserError."""
    state, several = st.session_state, key_of(leaf, several=True)
    numbers = leaf.kind in (int, float) and not leaf.choices
    if numbers:
        state[f"sweep-{leaf.name}-as"] = sweep.KINDS[text.startswith(RANGE)]
    if numbers and text.startswith(RANGE):
        *ends, last = text.removeprefix(RANGE).split(":")
        ends = ends if last == "log" else [*ends, last]
        state.update({f"sweep-{leaf.name}-{end}": each for end, each in zip(ENDS, ends, strict=False) if each})
        state[f"sweep-{leaf.name}-log"] = last == "log"
    elif sweep.is_listed(leaf):
        state[several] = []  # where one of them is none
        state[several] = [read(leaf, unquote(part)) for part in text.split(",") if part]
    else:
        state[several] = text


def is_of_a_sweep(name: str) -> bool:
    """Whether a parameter of the address is about a sweep."""
    return name == NAME or name.startswith(f"{NAME}-")


def _text(leaf: SpecField, value: Any) -> str:
    if leaf.kind is bool:
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace(",", "%2C")
