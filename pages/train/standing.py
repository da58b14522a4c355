"""What stands in the form before it is drawn: its options read from the session, and set there."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared.own_data import by_choice
from pages.train.fields import carried, key_of, shown
from vitcore.errors import UserError
from vitcore.spec import RunSpec, SpecField, fields, typed


def leaves() -> list[SpecField]:
    """The options that the form asks for."""
    return [leaf for leaf in fields() if not leaf.derived]


def spec() -> RunSpec | None:
    """The run that the form describes as it stands; None where something in it cannot be."""
    try:
        values = {leaf.name: _value(leaf) for leaf in leaves()}
        if values["dataset"] != "folder":
            values["folder"] = None
        return RunSpec.of(**values)
    except UserError:
        return None


def put(values: dict[str, Any]) -> None:
    """Set options as if a person had chosen them; for whoever draws the form afterwards."""
    for leaf in leaves():
        if leaf.name in values:
            st.session_state[key_of(leaf)] = carried(leaf, values[leaf.name])


def put_named() -> None:
    """Where images of one's own were chosen by their name: the path that it stands for, and how they are read."""
    if item := by_choice().get(str(st.session_state.get("field-dataset"))):
        put(item.options())


def fill(given: RunSpec) -> None:
    """Set every option as a spec has it, but for its name: two runs of one name could not be told apart."""
    put({**given.flat(), "name": ""})


def is_changed(leaf: SpecField) -> bool:
    """Whether something else stands in a field than what the form begins with."""
    try:
        return bool(_value(leaf) != leaf.initial)
    except UserError:
        return True


def _value(leaf: SpecField) -> Any:
    raw = st.session_state.get(key_of(leaf), carried(leaf, leaf.initial))
    return typed.read(leaf, raw, empty=shown(leaf, None)) if isinstance(raw, str) and not leaf.choices else raw
