"""The metrics of an epoch as another program tells them: by their names here, as plain numbers that can be true."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vitcore import events
from vitcore.errors import UserError
from vitcore.spec.options import nearest

SHORT = {"loss": "train_loss", "error": "error_percent", "lr": "learning_rate"}
"""What a metric may be called besides its own name."""

_PAIRS = (("accuracy", "error_percent"), ("val_accuracy", "val_error"))
"""A share and the error in percent that says the same."""

_ROUNDING = 0.02  # percentage points by which the two may differ: either may have been rounded


def checked(given: Mapping[str, Any]) -> dict[str, float]:
    """What an epoch's line takes: numbers by the metrics' own names, an error beside each accuracy and the other way.

    A loss that is no number is left out, as the trainer leaves it out.

    Raises:
        UserError: there is no such metric, or its value cannot be one.
    """
    known = {name: each for name, each in events.metrics().items() if name != "epoch"}
    found: dict[str, float] = {}
    for name, value in given.items():
        own = SHORT.get(name, name)
        if own not in known:
            raise UserError(f"an epoch has no metric {name[:80]!r}; {nearest(name[:80], [*known, *SHORT])}")
        if own in found:
            raise UserError(f"{own} was given twice, as {name!r} too; give it once")
        if value is not None:
            found[own] = _number(name, value, known[own])
    found = {name: value for name, value in found.items() if math.isfinite(value) or not known[name].meaning.finite}
    for share, error in _PAIRS:
        _pair(found, share, error)
    return found


def _number(name: str, value: Any, field: events.Field) -> float:
    """A metric's value as a number within its bounds."""
    if hasattr(value, "item") and getattr(value, "shape", ()) == ():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{name} is a number; given was {str(value)[:40]!r}")
    try:
        number = float(value)
    except OverflowError:
        raise UserError(f"{name} has too many digits to be a {field.label.lower()}") from None
    if not math.isfinite(number) and not field.meaning.finite:
        raise UserError(f"{name} is {number}, which is no {field.label.lower()}; leave it out where it is not known")
    highest = {"share": 1.0, "%": 100.0}.get(field.meaning.unit, math.inf)
    if number < 0 and not field.meaning.finite:  # a loss may be below zero
        raise UserError(f"{name} is {number:g}, and none is below 0")
    if field.meaning.unit == "share" and 1 < number <= 100:
        raise UserError(f"{name} is a share from 0 to 1, and {number:g} was given; for percent give {number / 100:g}")
    if highest < number < math.inf:
        raise UserError(f"{name} is {number:g}, and {highest:g} is the most")
    return int(number) if field.kind is int and math.isfinite(number) else number


def _pair(found: dict[str, float], share: str, error: str) -> None:
    if share in found and error in found:
        if abs(100 * (1 - found[share]) - found[error]) > _ROUNDING:
            raise UserError(
                f"{share} {found[share]:g} and {error} {found[error]:g} do not go together: {share} is of the same "
                f"images, so it would make {100 * (1 - found[share]):.4g} %; give one of them"
            )
    elif share in found:
        found[error] = round(100 * (1 - found[share]), 10)
    elif error in found:
        found[share] = round(1 - found[error] / 100, 12)
