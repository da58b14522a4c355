"""The columns of the table of runs in their order: what each is called, in which unit, and what it means.

Drawn from the journals' lines (vitcore/events.py) and the spec's fields; what is neither stands here. `python -m
vitcore.store.columns` prints the tables of results/README.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from vitcore import events
from vitcore.spec import fields


@dataclass(frozen=True)
class Column:
    """A column of the table of runs.

    Attributes:
        label: its name on pages.
        about: what it means; empty for an option of a run, which `train --help` explains.
        form: how its numbers are written, as `format` has it, or "compact"; empty: as they are.
        better: whether less of it or more of it is better; empty: neither.
    """

    name: str
    label: str
    about: str = ""
    sql: str = "VARCHAR"
    unit: str = ""
    form: str = ""
    better: Literal["", "lower", "higher"] = ""


_RUN = (
    Column("id", "Run id", "the folder's name"),
    Column("title", "Run", "the name given afterwards, else the one chosen, else one made from the choices"),
    Column(
        "status", "Status", "queued, running, finished, stopped, paused, diverged, failed, interrupted or cancelled"
    ),
    Column("reason", "Reason", "why it ended so, in words; or what is wrong with its files"),
    Column("created", "Created", "when it was queued", "TIMESTAMP"),
    Column("started", "Started", "when it first began to train", "TIMESTAMP"),
    Column("ended", "Ended", "when it last ended", "TIMESTAMP"),
    Column(
        "fingerprint",
        "Fingerprint",
        "shared by runs that differ only by seed, device, precision, compilation and name; of one's own images, by no "
        "other `data_digest` either",
    ),
    Column("tags", "Tags", "added afterwards by a person", "VARCHAR[]"),
    Column("note", "Note", "added afterwards by a person"),
    Column("color", "Color", "its place in the palette, from 0, where a person has chosen one", "BIGINT"),
    Column("origin", "Origin", "where another program's run comes from; empty: trained here"),
    Column("logged_parameters", "Logged parameters", "what that program said of its settings, as JSON"),
)
_DONE = (
    Column("epochs_done", "Epochs done", "epochs that count", "BIGINT"),
    Column("progress", "Progress", "of all steps", "DOUBLE", "share", ".2f"),
)
_DRAWINGS = (
    Column("drawings_right", "Drawings right", "of your own drawings, when it was last asked about them", "BIGINT"),
    Column("drawings_of", "Drawings", "how many these were", "BIGINT"),
    Column("drawings_version", "Drawings' edition", "which drawings these were"),
)


GROUPS = (
    Column("n", "Runs"),
    Column("error_median", "Median error", unit="%", form=".2f"),
    Column("error_low", "95 % from", unit="%", form=".2f"),
    Column("error_high", "95 % to", unit="%", form=".2f"),
    Column("val_error_median", "Median validation error, best epochs", unit="%", form=".2f"),
)
"""Of runs gathered over seeds: what their table has besides columns of the runs."""


def columns() -> dict[str, Column]:
    """Every column by its name."""
    return {each.name: each for each in _columns()}


def _columns() -> Iterator[Column]:
    yield from _RUN
    for option in fields():
        form = "g" if option.kind is float else ""
        yield Column(option.name, option.label, sql=events.SQL[option.kind], form=form)
    for each in (*events.fields(events.Taken), *events.fields(events.Started)):
        if each.column is not None and each.meaning.about:
            yield _column(each.column, each)
    yield from _DONE
    for each in events.metrics().values():
        if each.meaning.of_run:
            now = "now, while it runs; else " if each.name in events.running() else ""
            column = _column(each.name, each, now + _WHICH[each.meaning.of_run])
            yield replace(column, label=column.label + _OF_WHAT.get(each.meaning.of_run, ""))
        if each.meaning.best:
            column = _column(f"{each.name}_best", each, "the best of all evaluations")
            yield replace(column, label=f"{each.label}, best epoch")
    for each in events.fields(events.Ended):
        if each.meaning.about:
            yield _column(each.name, each)
    for each in events.of_progress():
        if each.meaning.of_run:
            yield _column(each.name, each, "while it runs" if each.meaning.of_run == "running" else "")
    yield from _DRAWINGS


_WHICH = {
    "last": "last epoch",
    "evaluated": "last evaluation",
    "validated": "last evaluation",
    "highest": "the highest",
}
_OF_WHAT = {"evaluated": ", last weights", "validated": ", last epoch"}
"""One metric, one name everywhere: a test score is one of certain weights."""


def _column(name: str, field: events.Field, which: str = "") -> Column:
    meaning = field.meaning
    about = f"{meaning.about} ({which})" if which else meaning.about
    return Column(name, field.label, about, field.sql, meaning.unit, meaning.form, meaning.better)


def markdown() -> str:
    """The table of results/README.md."""
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for each in columns().values():
        if each.about:
            lines.append(f"| `{each.name}` | {each.sql} | {each.unit} | {each.about} |")
        elif "every option" not in lines[-1]:
            lines.append("| every option of a run | | | as in `python -m vitcore train --help`; empty: its own |")
    return "\n".join(lines)


def epochs_markdown() -> str:
    """The table of the epochs' columns."""
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for each in events.metrics().values():
        lines.append(f"| `{each.name}` | {each.sql} | {each.meaning.unit} | {each.meaning.about} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(f"{markdown()}\n\n{epochs_markdown()}")
