"""What a run's card says of one that another program has trained: where it comes from, its name, its parameters.

Such a run is stored like any other, with a mark on its card. Where its spec is not known, none is made up: it has no
fingerprint, so no group over seeds, no table of a report and no verdict can take it in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vitcore import untrusted
from vitcore.aliases import current
from vitcore.errors import UserError
from vitcore.spec import SpecField, fields, printable

KEY = "elsewhere"
"""Of the card; and of its `spec`, where none is known."""

LOGGED = "logged from elsewhere"
LOST = "The program that logged it ended without a word; what it had logged is kept."
MOST_PARAMETERS = 1_000
LONGEST = 2_000
"""Letters of a parameter's name or value."""

Value = bool | int | float | str | None
_SHORT = {"lr": "learning_rate", "wd": "weight_decay"}
_LINKS = ("name", "init_from", "init_weights", "teacher", "folder")
"""Options that lead to other runs or to this machine's files, and so say nothing of a run from elsewhere."""


@dataclass(frozen=True)
class Elsewhere:
    """Where a run comes from.

    Attributes:
        origin: in words, such as LOGGED or "imported from MLflow".
        name: what it is called there.
        parameters: what its program said of its settings.
        source: by what an import knows it again; empty of one that was logged.
    """

    origin: str
    name: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    source: str = ""

    def written(self) -> dict[str, Any]:
        """As the card has it."""
        source = {"source": self.source} if self.source else {}
        return {"origin": self.origin, "name": self.name, "parameters": dict(self.parameters), **source}

    def options(self) -> dict[str, Value]:
        """The parameters that bear the name of a run's option and have its type: columns to compare by."""
        given = current({_SHORT.get(name, name): value for name, value in self.parameters.items()})
        known = {each.name: each for each in fields() if not each.derived and each.name not in _LINKS}
        found = {name: _fitting(known[name], value) for name, value in given.items() if name in known}
        return {name: value for name, value in found.items() if value is not None}


def of_card(card: Mapping[str, Any]) -> Elsewhere | None:
    """What a card says, which anybody may have written; None of a run that was trained here."""
    spec, found = card.get("spec"), card.get(KEY)
    if not isinstance(found, dict):
        return Elsewhere(LOGGED, "") if isinstance(spec, dict) and KEY in spec else None
    given = found.get("parameters")
    parameters = list(given.items())[:MOST_PARAMETERS] if isinstance(given, dict) else []
    return Elsewhere(
        (untrusted.text(found.get("origin")) or LOGGED)[: printable.LONGEST],
        (untrusted.text(found.get("name")) or "")[: printable.LONGEST],
        {str(untrusted.text(name)): _plain(value) for name, value in parameters},
        (untrusted.text(found.get("source")) or "")[:LONGEST],
    )


def has_spec(card: Mapping[str, Any]) -> bool:
    """Whether a card holds a spec, rather than the word that there is none."""
    spec = card.get("spec")
    return isinstance(spec, dict) and KEY not in spec


def without_spec(what: str, origin: str) -> UserError:
    """Why nothing can be done with a run that would need its spec."""
    return UserError(
        f"{what} was trained by another program ({origin}) and its spec is not known, so nothing here can train it "
        "again, start from it or draw on it"
    )


def checked(parameters: Mapping[str, Any]) -> dict[str, Value]:
    """Parameters as a person gives them: plain values, or what becomes one (numpy's numbers, paths, lists as text).

    Raises:
        UserError: more or longer ones than a card holds.
    """
    if not isinstance(parameters, Mapping):
        raise UserError(f"parameters are a dict of names and values; given was a {type(parameters).__name__}")
    if len(parameters) > MOST_PARAMETERS:
        raise UserError(f"{len(parameters):,} parameters are too many; {MOST_PARAMETERS:,} are the most")
    found: dict[str, Value] = {}
    for name, value in parameters.items():
        plain = value if value is None or isinstance(value, str | bool | int | float) else _converted(value)
        if len(str(name)) > LONGEST or len(str(plain)) > LONGEST:
            raise UserError(f"the parameter {str(name)[:40]!r} is longer than {LONGEST:,} letters; shorten it")
        found[str(untrusted.text(str(name)))] = _plain(plain)
    return found


def _converted(value: Any) -> Value:
    """A scalar of another library as Python's; anything else as text."""
    if callable(item := getattr(value, "item", None)) and getattr(value, "shape", None) == ():
        found = item()
        return found if isinstance(found, bool | int | float | str) else str(found)
    return str(value)


def _plain(value: object) -> Value:
    """A value as JSON and every encoding can carry it; a number without an end as its word."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if untrusted.whole(value) is not None else str(value)[:LONGEST]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return (untrusted.text(value if isinstance(value, str) else str(value)) or "")[:LONGEST]


def _fitting(option: SpecField, value: Value) -> Value:
    """The value where it is of the option's type, else None."""
    if option.kind is bool or isinstance(value, bool):
        return value if option.kind is bool and isinstance(value, bool) else None
    if option.kind is int and isinstance(value, float):
        return int(value) if value.is_integer() else None
    kinds: dict[type, tuple[type, ...]] = {int: (int,), float: (int, float), str: (str,)}
    if not isinstance(value, kinds[option.kind]):
        return None
    return float(value) if option.kind is float else value  # type: ignore[arg-type]  # a number, as was just seen
