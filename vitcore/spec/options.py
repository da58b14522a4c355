"""What an option of a spec is: default, label, help, bounds and choices, in one place for form, flags and messages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from vitcore import aliases

_EMPTY = re.compile(r"empty: ([^.;(]+)")


class Part(BaseModel):
    """A section of a spec: frozen, strict about names, finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _by_todays_names(cls, raw: Any) -> Any:
        return aliases.current(raw) if isinstance(raw, Mapping) else raw

    @model_validator(mode="after")
    def _countable(self) -> Self:
        """Whole numbers are those that a table of runs can hold."""
        for name, value in self:
            if type(value) is int and not -(2**63) <= value < 2**63:
                label = type(self).model_fields[name].title or name
                raise ValueError(f"{label} ({name}): {value} has too many digits; give a number below 2^63")
        return self


@dataclass(frozen=True)
class OneOf:
    """A choice from a table of the library, marked in the annotation so that forms can list the table.

    `own` takes what may be written besides: it gives a value as it is stored, None where it is none of these, and
    raises a ValueError of one sentence where it is one that cannot be. `example` is such a value, and `besides` says
    what it is one of.
    """

    table: Mapping[str, Any]
    kind: str
    own: Callable[[str], str | None] | None = None
    example: str = ""
    besides: str = "one of your own"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.look_up, handler(source))

    def look_up(self, value: str) -> str:
        """The value, where the table has it, or as `own` gives it.

        Raises:
            ValueError: it has not; the sentence names the nearest that are there.
        """
        if value in self.table:
            return value
        if self.own is not None and (found := self.own(value)) is not None:
            return found
        besides = f", or give {self.besides}, such as {self.example!r}" if self.example else ""
        raise ValueError(f"there is no {self.kind} {value[:80]!r}; {nearest(value[:80], self.table)}{besides}")


def option(
    default: Any,
    label: str,
    help: str,
    *,
    advanced: bool = False,
    initial: Any = None,
    derived: bool = False,
    usual: str = "",
    **bounds: Any,
) -> Any:
    """A spec field: its default, its label on the form, its help, its bounds, and whether it hides under "more".

    `initial` is what form, command line and front door begin with, where that is not the default: the default is also
    what a spec means that was stored before there was such a field. A derived one is filled in by the program when a
    run is stored; neither the form nor a flag asks for it. `usual` are values that people take, where these are more
    than the one that the form begins with.
    """
    extra: dict[str, Any] = {
        "advanced": advanced,
        "initial": default if initial is None else initial,
        "derived": derived,
        "usual": usual,
    }
    return Field(default, title=label, description=help, json_schema_extra=extra, **bounds)


@dataclass(frozen=True)
class SpecField:
    """One leaf option of a RunSpec, as a form or a command line needs it."""

    name: str
    path: tuple[str, ...]
    section: str
    kind: type  # bool, int, float or str
    optional: bool  # None is allowed
    default: Any
    label: str
    help: str
    advanced: bool
    choices: tuple[str, ...]  # empty: free
    bounds: Mapping[str, float]  # of ge, gt, le, lt
    initial: Any = None  # what form, command line and front door begin with: mostly the default
    derived: bool = False  # filled in by the program, asked of nobody
    example: str = ""  # of a value besides the choices; empty: the choices are all there is
    usual: str = ""  # values that people take; empty: the one that the form begins with

    @property
    def empty(self) -> str:
        """What an option that was left empty means, in a word or two, as its help says: its own, all, never, none."""
        text = _EMPTY.search(self.help)
        word = text[1].strip() if text else "none"
        return "its own" if word.endswith("own") else "all" if word.startswith("all ") else word


def walk(part: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[SpecField]:
    """Every leaf option of a spec and of its sections, in order."""
    for name, info in part.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from walk(inner, (*path, name))
        else:
            yield _leaf(name, info, path)


def _leaf(name: str, info: FieldInfo, path: tuple[str, ...]) -> SpecField:
    annotation: Any = info.annotation
    inner = [arg for arg in get_args(annotation) if arg is not type(None)]
    literal = get_origin(annotation) is Literal
    optional = not literal and type(None) in get_args(annotation)
    extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    markers = [marker for marker in info.metadata if isinstance(marker, OneOf)]
    choices = tuple(inner) if literal else tuple(markers[0].table) if markers else ()
    bounds = {b: getattr(m, b) for m in info.metadata for b in ("ge", "gt", "le", "lt") if hasattr(m, b)}
    return SpecField(
        name=name,
        path=(*path, name),
        section=path[0] if path else "run",
        kind=str if literal else inner[0] if optional else annotation,
        optional=optional,
        default=info.default,
        label=info.title or name,
        help=info.description or "",
        advanced=bool(extra.get("advanced")),
        choices=choices,
        bounds=bounds,
        initial=extra.get("initial", info.default),
        derived=bool(extra.get("derived")),
        example=markers[0].example if markers else "",
        usual=str(extra.get("usual", "")),
    )


def nearest(value: str, table: Iterable[str]) -> str:
    """What a person may have meant: the names most like theirs, or all of them where they are few."""
    names = list(table)
    near = difflib.get_close_matches(value, names, n=4, cutoff=0.5)
    return (
        f"the nearest are {', '.join(near)}"
        if near
        else f"there are {', '.join(names[:12])}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    )
