"""What is known of a field of a journal's line besides its value: type, label, unit, direction, place in the tables."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Literal, get_args, get_type_hints

SQL = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR", tuple: "VARCHAR[]"}
"""The type of a column that holds values of a kind."""


@dataclass(frozen=True)
class Meaning:
    """What is known of a field besides its type.

    Attributes:
        about: what results/README.md says of it.
        label: its name on pages; empty: made from the field's.
        unit: "%", "s", "MB", ...; "share": from 0 to 1.
        form: how its numbers are written, as `format` has it (".2f"), or "compact" (1.2 M).
        better: whether less of it or more of it is better; empty: neither.
        of_run: what of it stands in the run's row. "last": the last epoch's; "evaluated": the last evaluation's on the
            test images; "validated": the last one's on the validation images; "highest"; "kept": as it was last told;
            "running": the same, while the run runs; empty: nothing.
        best: whether the best of all epochs stands there too, as <name>_best.
        axis: the axis of a chart of curves that it can be.
        cost: whether accuracy can be drawn against it.
        finite: written without a value where it was no number.
        column: the name of its column where that is not its own; None: it has none.
    """

    about: str = ""
    label: str = ""
    unit: str = ""
    form: str = ""
    better: Literal["", "lower", "higher"] = ""
    of_run: Literal["", "last", "evaluated", "validated", "highest", "kept", "running"] = ""
    best: bool = False
    axis: Literal["", "x", "y"] = ""
    cost: bool = False
    finite: bool = False
    column: str | None = ""


@dataclass(frozen=True)
class Field:
    """A field of a kind of line, as a reader and a table need it.

    Attributes:
        path: the keys that lead to it within the line.
        kind: int, float, str, or tuple for several texts.
        column: its name in the tables; None: it stands in none.
    """

    path: tuple[str, ...]
    kind: type
    meaning: Meaning

    @property
    def name(self) -> str:
        """Its key within the line."""
        return self.path[-1]

    @property
    def column(self) -> str | None:
        """Its column in the tables; None where it has none."""
        return None if self.meaning.column is None else self.meaning.column or self.name

    @property
    def sql(self) -> str:
        """Its type in the tables."""
        return SQL[self.kind]

    @property
    def label(self) -> str:
        """What a person reads."""
        return self.meaning.label or self.name.replace("_", " ").capitalize()

    @property
    def axis_label(self) -> str:
        """With its unit, as it stands at an axis."""
        unit = self.meaning.unit
        return f"{self.label} ({unit})" if unit not in ("", "share") else self.label


def fields(kind: type) -> tuple[Field, ...]:
    """The fields of a kind of line in order, those of a nested mapping among them."""
    return _fields(kind, ())


@functools.cache
def _fields(kind: type, path: tuple[str, ...]) -> tuple[Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    found: list[Field] = []
    for each in dataclasses.fields(kind):
        hint = hints[each.name]
        meaning = next((part for part in getattr(hint, "__metadata__", ()) if isinstance(part, Meaning)), Meaning())
        plain = get_type_hints(kind)[each.name]
        base = next((part for part in get_args(plain) if part is not type(None)), plain) if _optional(plain) else plain
        if dataclasses.is_dataclass(base):
            found += _fields(base, (*path, each.name))  # type: ignore[arg-type]
        else:
            found.append(Field((*path, each.name), base if base in (int, float, str) else tuple, meaning))
    return tuple(found)


def _optional(hint: object) -> bool:
    return type(None) in get_args(hint)
