"""What is searched: options of a run with the values among which trials draw, as proposed or as a person gives them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vitcore.errors import UserError
from vitcore.models import architecture_of, dimensions
from vitcore.spec import RunSpec, SpecField, fields
from vitcore.spec.options import nearest
from vitcore.spec.typed import read, read_list, written

DECADE = 10.0
"""A range whose ends are this many times apart is searched on a log scale, unless it begins at 0."""

MOST_DIMENSIONS = 12
MOST_CHOICES = 12

_SAME_DATA = "a search compares trials on the same data and the same validation images"
_SAME_BUDGET = "every trial has the same epochs, evaluated alike"
NOT_SEARCHED: Mapping[str, str] = {
    **dict.fromkeys(
        ("dataset", "folder", "skip_broken", "samples", "replacement", "stratified", "subset_seed", "draw_from"),
        _SAME_DATA,
    ),
    **dict.fromkeys(("validation", "validation_seed", "image_size", "resize", "crop_from"), _SAME_DATA),
    **dict.fromkeys(("epochs", "evaluate_every", "evaluate_test", "target_error"), _SAME_BUDGET),
    **dict.fromkeys(("seed", "device", "precision", "compile", "name"), "it is no part of a setting"),
    **dict.fromkeys(("teacher", "init_from", "init_weights", "freeze"), "trials start from and learn from the same"),
}
"""Options that no search goes over, and why."""

_PROPOSED: Mapping[str, tuple[float, float]] = {
    "ema_decay": (0.9, 0.999),
    "epsilon": (1e-6, 1e-2),
    "layer_decay": (0.5, 1.0),
}
_DOUBLED = ("embed_dim", "num_heads")
"""Numbers that must divide one another: proposed as halves and doubles."""
_RANGE = re.compile(r"(?P<low>[^.]*(?:\.\d[^.]*)?)\.\.(?P<high>.+?)(?::(?P<scale>log|linear))?")


_OUTSIDE = re.compile(r",(?![^(]*\))")  # a comma, but not one within a kernel's name such as max(x,0)^2


@dataclass(frozen=True)
class Dimension:
    """An option and the values that trials may give it: a range of numbers, or choices.

    Attributes:
        low, high: both ends included; None where there are choices.
        log: drawn on a log scale.
        choices: values of an option that is no number, or of a number of which some alone are wanted.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def field(self) -> SpecField:
        """The option itself. Raises UserError where a run has none of that name."""
        return searched(self.name)

    def ends(self) -> tuple[Any, ...]:
        """The choices, or the two ends."""
        return self.choices or (self.low, self.high)

    def holds(self, value: Any) -> bool:
        """Whether a trial may have this value."""
        if self.choices:
            return any(type(value) is type(choice) and value == choice for choice in self.choices)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low is not None and self.high is not None and self.low <= value <= self.high

    def written(self) -> str:
        """As a person types it: read again it is the same."""
        if self.choices:
            return f"{self.name}={','.join(_word(choice) for choice in self.choices)}"
        return f"{self.name}={written(self.low)}..{written(self.high)}:{'log' if self.log else 'linear'}"

    def words(self) -> str:
        """As a page shows it."""
        label = self.field.label.lower()
        if self.choices:
            return f"{label}: {', '.join(_word(choice) for choice in self.choices)}"
        return f"{label} {written(self.low)} to {written(self.high)}{', log' if self.log else ''}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        if self.choices:
            return {"name": self.name, "choices": list(self.choices)}
        return {"name": self.name, "low": self.low, "high": self.high, "log": self.log}


def of_dict(raw: Mapping[str, Any]) -> Dimension:
    """A dimension as `to_dict` writes it, checked. Raises UserError, KeyError or TypeError."""
    if "choices" in raw:
        return checked(Dimension(str(raw["name"]), choices=tuple(raw["choices"])))
    return checked(Dimension(str(raw["name"]), raw["low"], raw["high"], bool(raw["log"])))


def searchable() -> list[SpecField]:
    """The options that a search may go over, in the form's order."""
    return [field for field in fields() if field.name not in NOT_SEARCHED and not field.derived]


def searched(name: str) -> SpecField:
    """The option of that name. Raises UserError where a run has none, or no search goes over it."""
    known = {field.name: field for field in searchable()}
    if name in known:
        return known[name]
    if name in NOT_SEARCHED:
        raise UserError(f"{name} cannot be searched: {NOT_SEARCHED[name]}")
    raise UserError(f"a run has no option {name[:80]!r} to search; {nearest(name[:80], known)}")


def propose(name: str, spec: RunSpec) -> Dimension:
    """A sane range about what the spec has: far narrower than the option's own bounds, log where it spans a decade.

    Raises:
        UserError: nothing can be proposed, so a person must say.
    """
    field = searched(name)
    if field.kind is bool:
        return Dimension(name, choices=(False, True))
    if field.choices and len(field.choices) <= MOST_CHOICES and field.kind is str:
        return Dimension(name, choices=field.choices)
    if field.kind is str:
        raise UserError(f"say between which values {name} is searched, such as {name}=A,B")
    own = _architectures_own(name, spec) if name in _DOUBLED else None
    if own is not None:
        return checked(Dimension(name, choices=tuple(n for n in (own // 4, own // 2, own, 2 * own) if n >= 1)))
    found = _about(field, spec)
    if found is None:
        raise UserError(f"say between which values {name} is searched, such as {name}=LOW..HIGH")
    low, high = found
    return checked(Dimension(name, low, high, _spans_a_decade(low, high)))


def parse(text: str, spec: RunSpec) -> Dimension:
    """A dimension as it is typed: `learning_rate`, `learning_rate=1e-4..1e-2:log`, `optimizer=adamw,sgd`.

    Raises:
        UserError: one sentence naming what does not do and what would.
    """
    name, equals, values = text.strip().partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    field = searched(name)
    if not equals:
        return propose(name, spec)
    values = values.strip()
    if ".." not in values:
        return checked(Dimension(name, choices=_choices(field, values)))
    if field.kind not in (int, float):
        raise UserError(f"{name} is no number, so it has no range; list its values, such as {name}=A,B")
    found = _RANGE.fullmatch(values)
    if found is None:
        raise UserError(f"{text.strip()[:80]!r} is no range; write it as {name}=LOW..HIGH, with :log where it is meant")
    low, high = (read(field, found[end]) for end in ("low", "high"))
    if low is None or high is None:
        raise UserError(f"{text.strip()[:80]!r} has no two ends; write it as {name}=LOW..HIGH")
    log = _spans_a_decade(low, high) if found["scale"] is None else found["scale"] == "log"
    return checked(Dimension(name, low, high, log))


def checked(dimension: Dimension) -> Dimension:
    """The dimension itself. Raises UserError where its values do not do."""
    field, name = dimension.field, dimension.name
    if dimension.choices or dimension.low is None:
        if len(dimension.choices) < 2:
            raise UserError(f"{name} is searched among one value or none; name two or more, or leave it out")
        if len(set(map(repr, dimension.choices))) < len(dimension.choices):
            raise UserError(f"{name} has a value twice; name each once")
        return dimension
    low, high = dimension.low, dimension.high
    if not all(
        isinstance(end, int | float) and not isinstance(end, bool) and math.isfinite(end) for end in (low, high)
    ):
        raise UserError(f"the range of {name} has an end that is no number; write it as {name}=LOW..HIGH")
    for end in (low, high):
        read(field, written(end))  # its own bounds, in its own words
    assert high is not None
    if not low < high:
        raise UserError(
            f"the range of {name} is empty: {written(low)} is not below {written(high)}; "
            f"write it as {name}=LOW..HIGH, the lower end first"
        )
    if dimension.log and low <= 0:
        raise UserError(
            f"{name} cannot be searched on a log scale from {written(low)}; begin above 0, or write :linear"
        )
    return dimension


def _choices(field: SpecField, values: str) -> tuple[Any, ...]:
    """The values of a list, each as the spec would take it."""
    if field.kind in (int, float):
        return tuple(read_list(field, values))
    parts = [part.strip() for part in _OUTSIDE.split(values) if part.strip()]
    if field.kind is not bool:
        return tuple(parts)
    words = {"on": True, "true": True, "off": False, "false": False}
    for part in parts:
        if part.lower() not in words:
            raise UserError(f"{field.name} is on or off, not {part[:40]!r}; write {field.name}=on,off")
    return tuple(words[part.lower()] for part in parts)


def _about(field: SpecField, spec: RunSpec) -> tuple[float, float] | None:
    """Two ends about the value that the spec has; None where it says nothing."""
    least, most = _bounds(field)
    if field.name in _PROPOSED:
        return _PROPOSED[field.name]
    value = spec.flat().get(field.name)
    value = _architectures_own(field.name, spec) if value is None else value
    if not value:
        return (0.0, min(0.5, most)) if field.kind is float and least == 0 and most <= 1 else None
    if field.kind is int:
        by = 4 if value >= 32 else 2
        return max(least, value // by, 1), min(most, value * by)
    if field.bounds.get("lt") == 1 and value >= 0.5:  # a decay: what it lacks to 1 is what matters
        return round(max(least, 1 - 5 * (1 - value)), 6), round(1 - (1 - value) / 5, 6)
    by = 4 if value >= 1 else 10
    return max(least, value / by), min(most, value * by, max(value, 0.5) if most <= 1 else math.inf)


def _bounds(field: SpecField) -> tuple[float, float]:
    """The option's own bounds; of what it has none, the ends of all numbers."""
    bounds = field.bounds
    return bounds.get("ge", bounds.get("gt", -math.inf)), bounds.get("le", bounds.get("lt", math.inf))


def _architectures_own(name: str, spec: RunSpec) -> Any:
    """What an option means that was left to the architecture, where it is a number."""
    own = dimensions.resolved(architecture_of(spec.model.architecture))
    if name == "mlp_ratio" and own:
        return own["mlp_dim"] / own["embed_dim"]
    return own.get(name)


def _spans_a_decade(low: float, high: float) -> bool:
    return low > 0 and high / low >= DECADE


def _word(value: Any) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else written(value)


def same_names(space: Sequence[Dimension]) -> None:
    """Hold that there is something to search, and nothing twice. Raises UserError."""
    names = [dimension.name for dimension in space]
    if not names:
        raise UserError("say which options are searched, such as learning_rate")
    if len(names) > MOST_DIMENSIONS:
        raise UserError(f"a search goes over at most {MOST_DIMENSIONS} options; given were {len(names)}")
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{name} is searched twice; name each option once")
