"""One widget for one spec field: its table of choices, its bounds and its help come from the spec itself."""

from __future__ import annotations

import math
from typing import Any, Literal

import streamlit as st

from vitcore.data.datasets import DATASETS
from vitcore.layers.kernels import KERNELS
from vitcore.spec import SpecField

KEPT: Literal["session"] = "session"  # a widget's value outlives a change of page


def widget(field: SpecField, *, several: bool = False, disabled: bool = False) -> Any:
    """Draw `field` and return what stands in it: one value, or with `several` a list of them.

    Raises:
        ValueError: one sentence, when a list of numbers was typed that is none.
    """
    if several:
        value = _several(field, f"field-{field.name}-several", disabled)
        return (list(value) or [field.default]) if field.choices else parse(field, value)
    value = _one(field, f"field-{field.name}", disabled)
    return None if field.optional and value == "" else value


def shown(field: SpecField, value: Any) -> str:
    """A value as the form words it."""
    if value is None:
        return field.empty
    if field.name == "kernel" and value in KERNELS:
        return KERNELS[value].label
    if field.name == "dataset" and value in DATASETS:
        return DATASETS[value].label
    return f"{value:g}" if isinstance(value, float) else str(value)


def _one(field: SpecField, key: str, disabled: bool) -> Any:
    if field.choices:
        return st.selectbox(
            field.label,
            field.choices,
            index=field.choices.index(field.default),
            key=key,
            help=field.help,
            disabled=disabled,
            format_func=lambda choice: shown(field, choice),
            persist_state=KEPT,
        )
    if field.kind is bool:
        return st.checkbox(field.label, field.default, key=key, help=field.help, disabled=disabled, persist_state=KEPT)
    if field.kind in (int, float):
        return _number(field, key, disabled)
    return st.text_input(
        field.label,
        field.default or "",
        key=key,
        help=field.help,
        disabled=disabled,
        max_chars=1_000,
        persist_state=KEPT,
    )


def _number(field: SpecField, key: str, disabled: bool) -> int | float | None:
    """A number with the spec's bounds; the browser's are a courtesy, the spec checks again."""
    whole = field.kind is int
    low, high = field.bounds.get("ge", field.bounds.get("gt")), field.bounds.get("le", field.bounds.get("lt"))
    return st.number_input(
        field.label,
        value=None if field.default is None else field.kind(field.default),
        key=key,
        help=field.help,
        disabled=disabled,
        min_value=None if low is None else field.kind(low),
        max_value=None if high is None else field.kind(high),
        step=1 if whole else _step(field.default),
        format="%d" if whole else "%g",
        placeholder="all" if field.name == "samples" else "its own",
        persist_state=KEPT,
    )


def _step(default: float | None) -> float:
    """A tenth of the default's own magnitude."""
    return 10.0 ** (math.floor(math.log10(abs(default))) - 1) if default else 0.05


def _several(field: SpecField, key: str, disabled: bool) -> Any:
    if field.choices:
        return st.multiselect(
            field.label,
            field.choices,
            default=[field.default],
            key=key,
            help=f"{field.help} Every chosen one is run.",
            disabled=disabled,
            format_func=lambda choice: shown(field, choice),
            persist_state=KEPT,
            wrap=True,
        )
    note = "Several with commas: 0, 1, 2; a range as 0-4" + ("; all for all rows." if field.name == "samples" else ".")
    return st.text_input(
        field.label,
        shown(field, field.default),
        key=key,
        help=f"{field.help} {note}",
        disabled=disabled,
        max_chars=200,
        persist_state=KEPT,
    )


def parse(field: SpecField, text: str) -> list[Any]:
    """'0, 2, 5-7' as [0, 2, 5, 6, 7], 'all' as None.

    Raises:
        ValueError: one sentence naming the part that is no number.
    """
    found: list[Any] = []
    for part in filter(None, (part.strip().replace(" ", "").replace("_", "") for part in text.split(","))):
        first, dash, last = part.partition("-")
        try:
            if field.optional and part.lower() == "all":
                found.append(None)
            elif field.kind is int and dash and first and len(last) < 10 and int(last) - int(first) < 100:
                found += range(int(first), int(last) + 1)
            else:
                found.append(field.kind(part))
        except ValueError:
            wish = "whole numbers" if field.kind is int else "numbers"
            raise ValueError(f"{field.label}: {part!r} does not do; give {wish} with commas between") from None
    return list(dict.fromkeys(found)) or [field.default]
