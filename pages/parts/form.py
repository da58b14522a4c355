"""The spec form, drawn from the spec's own fields: a new option appears here by itself."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.parts.fields import widget
from vitcore.data.load import described
from vitcore.errors import Refusal
from vitcore.models import ARCHITECTURES
from vitcore.spec import RunSpec, SpecField, fields
from vitcore.spec.presets import presets

GROUPS = {
    "Model": ("model",),
    "Data": ("data",),
    "Training": ("training", "optimiser", "schedule", "augment"),
    "Run": ("run",),
}
FOLDED = {
    "Model": ("model",),
    "Data": ("data",),
    "Optimiser": ("optimiser",),
    "Schedule": ("schedule",),
    "Augmentation": ("augment",),
    "Training": ("training",),
    "Machine": ("run",),
}
PRODUCT = ("architecture", "kernel", "dataset", "samples", "learning_rate", "seed")
"""The options of which several can be chosen at once; every combination becomes a run."""

FOLDER = "folder"  # the name of the option and of the dataset that cannot do without it

MOST = 500  # combinations that one click may queue


@dataclass(frozen=True)
class Asked:
    """What the form asks for: the runs, and a sentence for each combination that cannot be one."""

    specs: list[RunSpec] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    several: bool = False


def spec_form() -> Asked:
    """Draw the form and return what it asks for."""
    _start_from()
    several = st.toggle(
        "Several choices at once",
        key="several",
        help="Choose several architectures, kernels, subset sizes or seeds: every combination becomes a run.",
        persist_state="session",
    )
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for group, sections in GROUPS.items():
        st.subheader(group, anchor=False)
        with st.grid(3, min_column_width=170, vertical_alignment="bottom"):
            _draw(_leaves(sections, advanced=False), values, wrong, several)
            if group == "Data":
                _own_pictures(values, wrong)
    with st.expander("More options"):
        for tab, sections in zip(st.tabs(list(FOLDED)), FOLDED.values(), strict=True):
            with tab, st.grid(3, min_column_width=170, vertical_alignment="bottom"):
                _draw(_leaves(sections, advanced=True), values, wrong, several)
    return Asked([], wrong, several) if wrong else combined(values, several)


def _start_from() -> None:
    """A measured spec to start from: choosing one sets the whole form, which can then be changed."""
    name = st.selectbox(
        "Start from",
        list(presets()),
        index=None,
        placeholder="the defaults",
        key="preset",
        on_change=_fill,
        help="A spec that was measured; choosing one sets every option below.",
        persist_state="session",
    )
    if name:
        st.caption(f"{presets()[name]} Any change below makes it another spec.")


def _fill() -> None:
    """Set every option as the chosen preset, or the defaults, have it."""
    name = st.session_state["preset"]
    given = RunSpec.of(**presets()[name].fields).flat() if name else RunSpec().flat()
    st.session_state["several"] = False
    for leaf in fields():
        st.session_state[f"field-{leaf.name}"] = given[leaf.name]


def combined(values: dict[str, Any], several: bool) -> Asked:
    """Every combination of the values that are lists, each checked by the spec."""
    lists = {name: values[name] for name in PRODUCT} if several else {}
    total = 1
    for choices in lists.values():
        total *= len(choices)
    if total > MOST:
        return Asked([], [f"{total:,} combinations are more than one click may queue; choose at most {MOST}"], several)
    specs: list[RunSpec] = []
    refused: list[str] = []
    for chosen in itertools.product(*lists.values()):
        try:
            specs.append(RunSpec.of(**_with_place(values | dict(zip(lists, chosen, strict=True)))))
        except Refusal as refusal:
            refused.append(str(refusal))
    return Asked(specs, list(dict.fromkeys(refused)), several)


def changed(spec: RunSpec) -> dict[str, Any]:
    """The options that differ from their defaults, by label."""
    return {leaf.label: spec.flat()[leaf.name] for leaf in fields() if spec.flat()[leaf.name] != leaf.default}


def _leaves(sections: tuple[str, ...], *, advanced: bool) -> list[SpecField]:
    order = {section: place for place, section in enumerate(sections)}
    found = [leaf for leaf in fields() if leaf.section in order and leaf.advanced == advanced and leaf.name != FOLDER]
    return sorted(found, key=lambda leaf: order[leaf.section])


def _own_pictures(values: dict[str, Any], wrong: list[str]) -> None:
    """The path of one's own pictures, asked for where they are chosen and nowhere else."""
    leaf = next(leaf for leaf in fields() if leaf.name == FOLDER)
    values[FOLDER] = None
    if FOLDER not in values["dataset"]:  # equal to it, or among several
        return
    values[FOLDER] = widget(leaf)
    try:
        described(FOLDER, values[FOLDER])
    except Refusal as refusal:
        wrong.append(str(refusal))


def _with_place(values: dict[str, Any]) -> dict[str, Any]:
    """Of several datasets only one's own pictures have a path."""
    return values if values["dataset"] == FOLDER else values | {FOLDER: None}


def _draw(leaves: list[SpecField], values: dict[str, Any], wrong: list[str], several: bool) -> None:
    for leaf in leaves:
        # An architecture without attention takes no kernel: nothing to choose, and nothing to refuse.
        plain = leaf.name == "kernel" and not several and not ARCHITECTURES[values["architecture"]].attention
        try:
            value = widget(leaf, several=several and leaf.name in PRODUCT, disabled=plain)
        except ValueError as error:
            wrong.append(str(error))
            continue
        values[leaf.name] = leaf.default if plain else value
