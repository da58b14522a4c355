"""The spec form, drawn from the spec's own fields: a new option appears here by itself."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.train.fields import carried, inapplicable, key_of, shown, widget
from pages.train.timm_search import timm_search
from vitcore.data.load import check_validation, described
from vitcore.errors import UserError
from vitcore.models import architecture_of, timm_catalog
from vitcore.spec import RunSpec, SpecField, fields, typed
from vitcore.spec.presets import presets

GROUPS = {
    "Model": ("model",),
    "Data": ("data",),
    "Training": ("training", "optimizer", "schedule", "augment"),
    "Run": ("run",),
}
FOLDED = {
    "Model": ("model",),
    "Data": ("data",),
    "Optimizer": ("optimizer",),
    "Schedule": ("schedule",),
    "Augmentation": ("augment",),
    "Training": ("training",),
    "Fine-tuning": ("init",),
    "Machine": ("run",),
}
PRODUCT = (
    "architecture", "kernel", "depth", "embed_dim", "num_heads", "mlp_ratio", "patch", "dataset", "samples",
    "learning_rate", "seed",
)  # fmt: skip
"""The options of which several can be chosen at once; every combination becomes a run."""

FOLDER = "folder"  # the name of the option and of the dataset that cannot do without it

BEFORE = "several-before"  # in the session: of each option what one field took over of several, and all of them

MOST = 500  # combinations that one click may queue


@dataclass(frozen=True)
class FormChoices:
    """What the form asks for: the runs, and a sentence for each combination that cannot be one."""

    specs: list[RunSpec] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    several: bool = False


def spec_form() -> FormChoices:
    """Draw the form and return what it asks for."""
    _start_from()
    several = st.toggle(
        "Several choices at once",
        key="several",
        help="Choose several architectures, kernels, subset sizes or seeds: every combination becomes a run.",
        on_change=_carry,
        persist_state="session",
    )
    if not several and (waiting := _waiting()):
        st.caption(f"Of {waiting} the first choice is taken; the others are kept for several choices at once.")
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for group, sections in GROUPS.items():
        st.subheader(group, anchor=False)
        with st.grid(3, min_column_width=170):
            _draw(_leaves(sections, advanced=False), values, wrong, several)
            if group == "Data":
                _own_images(values, wrong)
        if group == "Model":
            timm_search(several)
    with st.expander("More options"):
        for tab, sections in zip(st.tabs(list(FOLDED)), FOLDED.values(), strict=True):
            with tab, st.grid(3, min_column_width=170):
                _draw(_leaves(sections, advanced=True), values, wrong, several)
    return FormChoices([], wrong, several) if wrong else combined(values, several)


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
    given = RunSpec.of(**presets()[name].fields).flat() if name else RunSpec.begun().flat()
    st.session_state["several"] = False
    st.session_state[BEFORE] = {}
    for leaf in fields():
        st.session_state[key_of(leaf)] = carried(leaf, given[leaf.name])


def _carry() -> None:
    """At a switch between one choice and several: the fields that now stand there take over what stood in the others.

    Of several choices one field holds the first; the whole list comes back where that is still what stands there.
    """
    state, several = st.session_state, st.session_state["several"]
    before: dict[str, tuple[Any, Any]] = state.setdefault(BEFORE, {})
    for leaf in _multiplied():
        item, many = key_of(leaf), key_of(leaf, several=True)
        single = state.get(item, carried(leaf, leaf.initial))
        if several:
            first, whole = before.get(leaf.name, (None, None))
            state[many] = whole if whole is not None and first == single else [single] if leaf.choices else single
        elif whole := state.get(many):
            state[item] = _first(leaf, whole)
            before[leaf.name] = (state[item], whole)


def _first(leaf: SpecField, whole: Any) -> Any:
    """What one field holds of a list; a text that is no list stays as it is, to be mended there."""
    if leaf.choices:
        return whole[0]
    try:
        return carried(leaf, typed.read_list(leaf, whole, empty=shown(leaf, None))[0])
    except UserError:
        return whole


def _waiting() -> str:
    """The options of which more was chosen than the one that now stands there, in words."""
    empty = []
    for leaf in _multiplied():
        first, whole = st.session_state.get(BEFORE, {}).get(leaf.name, (None, None))
        if whole is not None and whole not in (first, [first]) and first == st.session_state.get(key_of(leaf)):
            empty.append(leaf.label)
    return " and ".join(filter(None, [", ".join(empty[:-1]), *empty[-1:]]))


def _multiplied() -> list[SpecField]:
    return [leaf for leaf in fields() if leaf.name in PRODUCT]


def combined(values: dict[str, Any], several: bool) -> FormChoices:
    """Every combination of the values that are lists, each checked by the spec."""
    lists = {name: values[name] for name in PRODUCT} if several else {}
    total = 1
    for choices in lists.values():
        total *= len(choices)
    if total > MOST:
        return FormChoices(
            [], [f"{total:,} combinations are more than one click may queue; choose at most {MOST}"], several
        )
    specs: list[RunSpec] = []
    refused: list[str] = []
    for chosen in itertools.product(*lists.values()):
        try:
            specs.append(RunSpec.of(**_with_place(values | dict(zip(lists, chosen, strict=True)))))
        except UserError as error:
            refused.append(str(error))
    return FormChoices(specs, list(dict.fromkeys(refused)), several)


def changed(spec: RunSpec) -> dict[str, Any]:
    """The options that differ from what the form begins with, by label."""
    return {leaf.label: spec.flat()[leaf.name] for leaf in fields() if spec.flat()[leaf.name] != leaf.initial}


def _leaves(sections: tuple[str, ...], *, advanced: bool) -> list[SpecField]:
    order = {section: place for place, section in enumerate(sections)}
    found = [
        leaf
        for leaf in fields()
        if leaf.section in order and leaf.advanced == advanced and leaf.name != FOLDER and not leaf.derived
    ]
    return sorted(found, key=lambda leaf: order[leaf.section])


def _own_images(values: dict[str, Any], wrong: list[str]) -> None:
    """The path of one's own images, asked for where they are chosen and nowhere else."""
    leaf = next(leaf for leaf in fields() if leaf.name == FOLDER)
    values[FOLDER] = None
    chosen = values.get("dataset", [])
    if FOLDER not in (chosen if isinstance(chosen, list) else [chosen]):
        return
    try:
        values[FOLDER] = widget(leaf)
        described(FOLDER, values[FOLDER])
        check_validation(FOLDER, values[FOLDER], values.get("validation") or None)
    except UserError as error:
        wrong.append(str(error))


def _with_place(values: dict[str, Any]) -> dict[str, Any]:
    """Of several datasets only one's own images have a path."""
    return values if values["dataset"] == FOLDER else values | {FOLDER: None}


def _draw(leaves: list[SpecField], values: dict[str, Any], wrong: list[str], several: bool) -> None:
    for leaf in leaves:
        # An architecture without attention takes no kernel: nothing to choose, and nothing to refuse.
        if leaf.name == "kernel" and not several and (why := _no_kernel(values["architecture"])):
            inapplicable(leaf, why)
            values[leaf.name] = leaf.default
            continue
        try:
            values[leaf.name] = widget(leaf, several=several and leaf.name in PRODUCT)
        except UserError as error:
            wrong.append(str(error))


def _no_kernel(name: str) -> str:
    """Why the architecture takes no kernel; empty where it does, and of a name that is none, which the spec refuses."""
    try:
        known = architecture_of(name)
    except ValueError:
        return ""
    if known.family == timm_catalog.FAMILY:
        return "timm's networks bring their own attention; kernels go with vitcore's."
    return "" if known.attention else "This network has no attention."
