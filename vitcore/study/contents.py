"""What a study holds: title, author, text, and which tables, figures and runs; checked before anything is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vitcore import figures
from vitcore.errors import UserError
from vitcore.published import tables
from vitcore.spec import printable

LONGEST_TEXT = 200_000  # letters
MOST_RUNS = 200
CONFUSION, SIZE = "confusion", "size"
FIGURES: Mapping[str, str] = {
    **figures.Y_AXES,
    CONFUSION: "Confusion matrix of every run",
    SIZE: "Test accuracy against parameters",
}
"""The figures of chosen runs: learning curves by their metric, and these. A table brings its report's own with it."""

USUAL = ("held_out_accuracy", CONFUSION)
"""What is drawn of runs where nobody has chosen."""


@dataclass(frozen=True)
class Study:
    """What one person hands to another.

    Attributes:
        text: Markdown; HTML within it is shown as it was typed.
        tables: published tables as `TABLE:PROTOCOL`, in the order they are shown.
        figures: keys of FIGURES.
        runs: ids of the stored runs that the figures draw, in the order of their colors.
    """

    title: str
    author: str = ""
    text: str = ""
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        title: str,
        author: str = "",
        text: str = "",
        *,
        tables: Iterable[str] = (),
        figures: Iterable[str] = (),
        runs: Iterable[str] = (),
    ) -> Study:
        """A study of these parts; a table without a protocol is shown in the scaled one, runs without figures in USUAL.

        Raises:
            UserError: there is no title, too much text, no such table, protocol or figure, figures without runs, or
                nothing in it.
        """
        chosen, known = tuple(dict.fromkeys(runs)), tuple(dict.fromkeys(_table(each) for each in tables))
        drawn = tuple(dict.fromkeys(figures)) or (USUAL if chosen else ())
        for each in drawn:
            if each not in FIGURES:
                raise UserError(f"a study has no figure {each[:60]!r}; it has {', '.join(FIGURES)}")
        if drawn and not chosen:
            raise UserError("figures are drawn of runs, and the study names none; name runs, or leave the figures out")
        if len(chosen) > MOST_RUNS:
            raise UserError(f"{len(chosen):,} runs are too many for one study; choose at most {MOST_RUNS}")
        if not chosen and not known and not text.strip():
            raise UserError("the study is empty; give it a text, tables or runs")
        if len(text) > LONGEST_TEXT:
            raise UserError(f"a text of {len(text):,} letters is too long for a study; {LONGEST_TEXT:,} is the most")
        return cls(_line(title, "a study's title", needed=True), _line(author, "an author"), text, known, drawn, chosen)

    @classmethod
    def parse(cls, raw: object) -> Study:
        """A study as `to_dict` gave it, from a file of somebody else's. Raises UserError where it is none."""
        if not isinstance(raw, dict) or not all(isinstance(raw.get(name), str) for name in ("title", "author", "text")):
            raise UserError("the bundle's study.json holds no study; make the bundle again, or take another copy")
        lists = {}
        for name in ("tables", "figures", "runs"):
            found = raw.get(name)
            if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
                raise UserError(f"the bundle's study.json names no {name}; make the bundle again, or take another copy")
            lists[name] = found
        return cls.of(raw["title"], raw["author"], raw["text"], **lists)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def split(table: str) -> tuple[tables.Table, str]:
    """A table and its protocol of `TABLE:PROTOCOL`. Raises UserError where there is no such table."""
    key, _, protocol = table.partition(":")
    return tables.table(key), protocol


def _table(named: str) -> str:
    known, protocol = split(named)
    chosen = protocol or ("scaled" if "scaled" in known.protocols else next(iter(known.protocols)))
    if chosen not in known.protocols:
        raise UserError(f"{known.key} has no protocol {chosen[:60]!r}; it has {', '.join(known.protocols)}")
    return f"{known.key}:{chosen}"


def _line(text: str, what: str, *, needed: bool = False) -> str:
    try:
        found = printable.checked(text.strip(), what)
    except ValueError as error:
        raise UserError(str(error)) from None
    if needed and not found:
        raise UserError(f"{what} is missing; say in a few words what the study is about")
    return found
