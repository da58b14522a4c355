"""Train's choices in its address: they survive a reload, can be sent to somebody, and begin a stored run anew."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared import format
from pages.shared.addressed import listed
from pages.train import start, sweep, sweep_address
from pages.train.fields import carried, key_of
from vitcore.errors import UserError
from vitcore.spec import RunSpec, SpecField, fields, typed
from vitcore.spec.typed import written

ALWAYS = ("architecture", "dataset")  # of an address that says anything
UNSAID = ("name",)  # two runs of one name could not be told apart
_WRITTEN, _SENTENCES = "train-address", "train-address-refused"  # in the session


def of(spec: RunSpec) -> dict[str, str]:
    """The options of a spec that differ from what the form begins with, as an address says them."""
    values = spec.flat()
    return {
        leaf.name: _text(leaf, values[leaf.name])
        for leaf in fields()
        if not leaf.derived and leaf.name not in UNSAID and (values[leaf.name] != leaf.initial or leaf.name in ALWAYS)
    }


def take() -> None:
    """Set the form as a newly opened address says, before it is drawn; what cannot be read of it is told."""
    state, given = st.session_state, st.query_params.to_dict()
    if given and given != state.get(_WRITTEN):
        state[_SENTENCES] = _fill(given)
        state[_WRITTEN] = given
    for sentence in state.get(_SENTENCES, []):
        st.warning(format.plain(sentence))


def forget() -> None:
    """Let the next address that is opened count, whatever the form holds."""
    st.session_state.pop(_WRITTEN, None)


def write(specs: list[RunSpec], several: bool) -> None:
    """Let the address say what the form holds, of a sweep which options vary and over what."""
    if not specs or (not several and len(specs) != 1):
        return
    swept = sweep_address.of() if several else {}
    if several and not swept:  # too long for an address
        return
    says = {name: text for name, text in of(specs[0]).items() if name not in sweep.swept()} | swept
    begun = of(RunSpec.begun())
    now = {} if says == begun else says
    if now != st.query_params.to_dict():
        st.query_params.from_dict(now)
    st.session_state[_WRITTEN] = now


def _fill(given: dict[str, str]) -> list[str]:
    """Every field as the address has it, else as the form begins; what it says that cannot be, in sentences."""
    known = {leaf.name: leaf for leaf in fields() if not leaf.derived}
    strange = [name for name in given if name not in known and not sweep_address.is_of_a_sweep(name)]
    found = [f"The address says {listed(strange)}, which no option of a run is called."] if strange else []
    if len(strange) == len(given):  # nothing of it is about the form, which stays as it is
        return found
    state = st.session_state
    start.nothing()
    state["how-long"] = None
    found += sweep_address.fill(given, known, _read)
    for name, leaf in known.items():
        value = leaf.initial
        if name in given:
            try:
                value = _read(leaf, given[name])
            except UserError as error:
                found.append(f"The address is not followed in one thing: {error}.")
        state[key_of(leaf)] = carried(leaf, value)
    return found


def _text(leaf: SpecField, value: Any) -> str:
    if leaf.kind is bool:
        return "yes" if value else "no"
    return "0" if value is None and leaf.initial is not None else written(value)


def _read(leaf: SpecField, text: str) -> Any:
    """The value that a text stands for; raises UserError where it is none of this option."""
    if leaf.kind is bool:
        if text not in ("yes", "no"):
            raise UserError(f"{leaf.label} is {text[:40]!r}, and can be yes or no")
        return text == "yes"
    if not leaf.choices:
        return typed.read(leaf, text)
    if text not in leaf.choices:
        if not leaf.example:
            raise UserError(f"{leaf.label} is {text[:40]!r}, which is not to be had")
        RunSpec.of(**{leaf.name: text})  # a value of one's own, such as a formula
    return text
