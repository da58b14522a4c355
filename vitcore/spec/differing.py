"""What several runs or settings are called among one another: the options in which they differ, and what they share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from vitcore.spec import fields

PLAIN = ("architecture", "kernel", "dataset")
"""Options whose value is understood without its label."""

SHARED = ("architecture", "kernel", "dataset", "samples", "epochs")
"""Options that are told of all where all have them alike."""

Options = Mapping[str, Any]
"""A spec's options by name, as `RunSpec.flat` or a row of the runs' table has them."""


def names(options: Sequence[Options], *, without: Collection[str] = ("name",)) -> list[str]:
    """What each is called: the options in which it differs from some other; empty where none does."""
    labels = {each.name: each.label for each in fields()}
    apart = [key for key in labels if key not in without and len({str(_known(each.get(key))) for each in options}) > 1]
    return [" · ".join(_option(key, labels[key], each.get(key)) for key in apart) for each in options]


def common(options: Sequence[Options]) -> str:
    """What they share: network, kernel, data and length, as far as it is one for all."""
    labels = {each.name: each.label for each in fields()}
    equal = [
        key
        for key in SHARED
        if len({str(_known(each.get(key))) for each in options}) == 1 and _known(options[0].get(key)) is not None
    ]
    return " · ".join(_option(key, labels[key], options[0].get(key)) for key in equal)


def _known(value: Any) -> Any:
    """A value as a table may hold it: not a number stands for none, and a whole number may have become a fraction."""
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() else value
    return value


def _option(key: str, label: str, value: Any) -> str:
    known = _known(value)
    text = "default" if known is None else str(known)
    return text if key in PLAIN else f"{label.lower()} {text}"
