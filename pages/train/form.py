"""The spec form, drawn from the spec's own fields: three questions, the rest folded; a new option appears by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.shared import format, own_data
from pages.train import how_long, standing, start, sweep
from pages.train.fields import inapplicable, widget
from pages.train.fold import fold
from pages.train.timm_search import timm_search
from vitcore.data.load import check_validation, described
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.models import architecture_of, timm_catalog
from vitcore.runs import named_data, origins, teachers
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec, SpecField, fields

QUESTIONS = {"dataset": "What data", "architecture": "Which network"}
"""The options that are asked for before all others, and how."""

DISTILLING = ("teacher", "distillation", "temperature")
FOLDS = {
    "Network": ("model",),
    "Data": ("data",),
    "Optimizer": ("optimizer",),
    "Schedule": ("schedule",),
    "Training": ("training",),
    "Augmentation": ("augment",),
    "Fine-tuning and distillation": ("init",),
    "Seed, name, device": ("run",),
}
"""The other options by the sections of a spec."""

FOLDER = "folder"  # the name of the option that datasets at a path cannot do without


@dataclass(frozen=True)
class FormChoices:
    """What the form asks for: the runs, and a sentence for each combination that cannot be one."""

    specs: list[RunSpec] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    several: bool = False


def spec_form(before_launch: Callable[[FormChoices], None]) -> None:
    """Draw the form; what it asks for goes to `before_launch`, which is drawn beside it, on a phone amid it."""
    standing.put_named()
    how_long.follow()
    values: dict[str, Any] = {}
    wrong: list[str] = []
    swept = sweep.swept()
    with st.container(key="train-layout"):
        with st.container(key="train-questions", gap="medium"):
            _questions(values, wrong, swept)
        card = st.container(border=True, key="before-launch")
        with st.container(key="train-folds", gap="xsmall"):
            start.start_from()
            found = sweep.panel()
            for name, sections in FOLDS.items():
                _fold(name, _leaves(name, sections), values, wrong, swept)
    wrong += found.refused
    with card:
        before_launch(FormChoices([], wrong, bool(swept)) if wrong else combined(values, found.points))


def _questions(values: dict[str, Any], wrong: list[str], swept: list[str]) -> None:
    """What data, which network, how long; beneath each a line that says what was chosen."""
    for name, question in QUESTIONS.items():
        with st.container(gap="xsmall"):
            st.markdown(f"**{question}**")
            _draw([leaf for leaf in fields() if leaf.name == name], values, wrong, swept)
            if name not in swept and (text := _FACTS[name](str(values.get(name)))):
                st.caption(format.plain(text))
            if name == "architecture":
                timm_search(name in swept)
            else:
                _own_images(values, wrong)
    with st.container(gap="xsmall"):
        st.markdown("**How long**")
        how_long.ask(standing.spec())


def _of_dataset(name: str) -> str:
    """Its images, in a line."""
    known = DATASETS.get(name)
    if known is not None and known.at_path and known.classes:
        return f"Your own images: {known.source}, made into MNIST's form as on Draw."
    if known is None or not known.train_samples:
        return "Your own images, in class folders, an archive, a table or a file of arrays."
    color = "in color" if known.channels == 3 else "in gray"
    return (
        f"{known.train_samples:,} training and {known.test_samples:,} test images {color}, {known.image_size} pixels "
        f"wide, {len(known.classes):,} classes. {known.source}."
    )


def _of_network(name: str) -> str:
    """Where it was published."""
    try:
        return f"{architecture_of(name).source}."
    except ValueError:
        return ""


_FACTS: dict[str, Callable[[str], str]] = {"dataset": _of_dataset, "architecture": _of_network}


def combined(values: dict[str, Any], points: Iterable[dict[str, Any]] = ()) -> FormChoices:
    """The run of these options, or one for each point of a sweep, which says what it changes; checked by the spec."""
    each = list(points)
    specs: list[RunSpec] = []
    refused: list[str] = []
    for point in each or [{}]:
        try:
            specs.append(RunSpec.of(**_with_place(values | point)))
        except UserError as error:
            refused.append(str(error))
    unfit = _unfit(specs)
    return FormChoices([] if unfit else specs, list(dict.fromkeys(refused + unfit)), bool(each))


def changed(spec: RunSpec) -> dict[str, Any]:
    """The options that differ from what the form begins with, by label."""
    flat = spec.flat()
    return {leaf.label: flat[leaf.name] for leaf in fields() if flat[leaf.name] != leaf.initial}


def _fold(name: str, leaves: list[SpecField], values: dict[str, Any], wrong: list[str], swept: list[str]) -> None:
    """One fold of options; how many of them are changed stands on it."""
    count = sum(standing.is_changed(leaf) for leaf in leaves)
    label = f"{name} · {count} changed" if count else name
    key = f"fold-{name.split()[0].strip(',').lower()}"
    with fold(label, key), st.grid(2, min_column_width=240):
        _draw(leaves, values, wrong, swept)


def _leaves(fold: str, sections: tuple[str, ...]) -> list[SpecField]:
    """A fold's options, those that are asked for most before the others."""
    apart = {*QUESTIONS, FOLDER, *DISTILLING}
    known = [leaf for leaf in standing.leaves() if leaf.section in sections and leaf.name not in apart]
    found = sorted(known, key=lambda leaf: leaf.advanced)
    return [*found, *(leaf for leaf in fields() if leaf.name in DISTILLING)] if sections == ("init",) else found


def _unfit(specs: list[RunSpec]) -> list[str]:
    """Why runs cannot take over the weights or the answers that they ask for; each reason once."""
    known: dict[tuple[object, ...], str] = {}
    for spec in specs:
        if not (spec.training.teacher or spec.init.init_from):
            continue
        key = (spec.training.teacher, spec.init, spec.model, spec.data.dataset, spec.data.image_size)
        if key not in known:
            try:
                teachers.check(Results(), spec)
                origins.check(Results(), spec)
                known[key] = ""
            except UserError as error:
                known[key] = str(error)
    return [reason for reason in dict.fromkeys(known.values()) if reason]


def _own_images(values: dict[str, Any], wrong: list[str]) -> None:
    """The path of one's own images, asked for where they are chosen and nowhere else."""
    leaf = next(leaf for leaf in fields() if leaf.name == FOLDER)
    values[FOLDER] = None
    asked = [values.get("dataset"), *(st.session_state.get("field-dataset-several") or [])]
    at_path = [name for name in (asked if "dataset" in sweep.swept() else asked[:1]) if _at_path(name)]
    if not at_path:
        return
    try:
        values[FOLDER] = widget(leaf)
        if at_path[0] == named_data.FOLDER and (item := own_data.at(values[FOLDER])):
            trouble = own_data.changed(item)
            words = f"In your list as {item.name!r}, digest {item.digest}"
            st.caption(format.plain(f"{words}; {trouble}." if trouble else f"{words}; no file has changed since."))
        for name in at_path:
            described(name, values[FOLDER])
            check_validation(name, values[FOLDER], _validation())
    except UserError as error:
        wrong.append(str(error))


def _validation() -> float | None:
    """What stands in the field of the share that is held out; what cannot be read is said there."""
    text = str(st.session_state.get("field-validation", "0.1"))
    try:
        return float(text) or None
    except ValueError:
        return None


def _with_place(values: dict[str, Any]) -> dict[str, Any]:
    """Of several datasets only one's own images have a path."""
    return values if _at_path(values["dataset"]) else values | {FOLDER: None}


def _at_path(name: object) -> bool:
    """Whether a dataset's images are the person's own, at a path that the form asks for."""
    known = DATASETS.get(str(name))
    return known is not None and known.at_path


def _draw(leaves: list[SpecField], values: dict[str, Any], wrong: list[str], swept: list[str]) -> None:
    for leaf in leaves:
        if leaf.name in swept:
            inapplicable(leaf, "Several values, under Sweep.", "swept")
            values[leaf.name] = leaf.initial
            continue
        # An architecture without attention takes no kernel: nothing to choose, and nothing to refuse.
        if leaf.name == "kernel" and "architecture" not in swept and (why := _no_kernel(values["architecture"])):
            inapplicable(leaf, why)
            values[leaf.name] = leaf.default
            continue
        try:
            values[leaf.name] = widget(leaf, asked=leaf.name in QUESTIONS)
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
