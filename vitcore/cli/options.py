"""The options of `train`, drawn from the fields of RunSpec: one --kebab-case flag a field."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from vitcore.errors import UserError
from vitcore.spec import SpecField, fields
from vitcore.spec.typed import read

_MANY = 16  # choices beyond which the help names the command that lists them


def takes_every_field(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command whose last parameter is `**chosen` one option for each field of RunSpec in its place.

    An option that is not given is None; what is given is checked by RunSpec itself, so that the command line refuses
    in the same words as the form.
    """
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.kind is not p.VAR_KEYWORD]
    drawn = [
        inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(field))
        for field in fields()
        if not field.derived
    ]
    command.__signature__ = inspect.Signature([*own, *drawn])  # type: ignore[attr-defined]
    return command


def flag(field: SpecField) -> str:
    """`--batch-size` for `batch_size`."""
    return f"--{field.name.replace('_', '-')}"


def typed_as(name: str, text: Any) -> Any:
    """An option's value as it was typed: numbers are read as on the form, to the letter or not at all.

    Raises:
        UserError: one sentence that begins with the option.
    """
    field = next(field for field in fields() if field.name == name)
    if field.kind not in (int, float) or not isinstance(text, str):
        return text
    try:
        return read(field, text)
    except UserError as error:
        raise UserError(f"{flag(field)}{str(error).removeprefix(field.label)}") from None


def _annotation(field: SpecField) -> Any:
    name = flag(field)
    declared = f"{name}/--no-{name[2:]}" if field.kind is bool else name
    panel = field.section.capitalize() + (", further options" if field.advanced else "")
    kind = bool if field.kind is bool else str  # numbers are read as on the form (`typed_as`)
    sign = {int: "INTEGER", float: "NUMBER", str: "TEXT"}.get(field.kind)
    option = typer.Option(declared, help=_help(field), rich_help_panel=panel, show_default=False, metavar=sign)
    return Annotated[kind | None, option]


def _help(field: SpecField) -> str:
    facts = []
    if field.choices and len(field.choices) <= _MANY:
        facts.append("one of " + ", ".join(field.choices))
    elif field.choices:
        facts.append("`vitcore models` lists them" if field.name == "architecture" else f"{len(field.choices)} choices")
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    facts += [f"{words[bound]} {limit:,g}" for bound, limit in field.bounds.items()]
    if field.initial not in (None, ""):
        shown = {True: "on", False: "off"}[field.initial] if field.kind is bool else field.initial
        facts.append(f"default {shown}")
    return f"{field.help} ({'; '.join(facts)})" if facts else field.help
