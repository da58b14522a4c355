"""The index's tables as SQL and as Arrow schemas, drawn from the fields of specs and of the journals' lines."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path

import duckdb
import pyarrow as arrow

from vitcore import events
from vitcore.spec import fields

FORMAT = 1  # of the published snapshot
TABLES = ("runs", "epochs", "notes", "last")
_SCORED = "FILTER (WHERE error_percent IS NOT NULL)"  # the epochs after which the test images were answered
_VALIDATED = "FILTER (WHERE val_error IS NOT NULL)"
_BY_THE_ENDING = {"accuracy": "1 - end_error_percent / 100"}  # which tells the error alone


@functools.cache
def schema() -> str:
    """The SQL that makes every table and view."""
    made = {
        "spec": [f'"{field.name}" {events.SQL[field.kind]}' for field in fields()],
        "events": [f"{name} {field.sql}" for name, field in _of_a_run().items()],
        "epochs": [f"{field.name} {field.sql}" for field in events.metrics().values() if field.name != "epoch"],
        "latest": [text for field in events.metrics().values() for text in _latest(field)],
        "told": list(_state_columns()),
        "summary": [text for field in (*events.metrics().values(), *events.of_progress()) for text in _summary(field)],
    }
    text = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    for place, parts in made.items():
        text = re.sub(rf"( *)/\*{place}\*/\n", lambda found: "".join(f"{found[1]}{part},\n" for part in parts), text)  # noqa: B023
    return text


def _of_a_run() -> dict[str, events.Field]:
    """Columns of a run's row that its events fill, by name."""
    kinds = (events.Taken, events.Heartbeat, events.Started, events.Progress, events.Ended)
    return {each.column: each for kind in kinds for each in events.fields(kind) if each.column is not None}


def _state_columns() -> tuple[str, ...]:
    """Columns of progress and of the ending, in whose place the summary has what they come to."""
    kinds = (events.Progress, events.Ended)
    names = [each.column for kind in kinds for each in events.fields(kind) if each.meaning.of_run != "kept"]
    return tuple(name for name in names if name is not None)


def _latest(field: events.Field) -> list[str]:
    """What a run's epochs come to in one metric."""
    name, best = field.name, {"lower": "min", "higher": "max"}.get(field.meaning.better)
    found = {
        "": [],
        "last": [f"arg_max({name}, epoch) AS {name}"],
        "evaluated": [f"arg_max({name}, epoch) {_SCORED} AS {name}"],
        "validated": [f"arg_max({name}, epoch) {_VALIDATED} AS {name}"],
        "highest": [f"max({name}) FILTER (WHERE NOT isnan({name})) AS {name}"],
    }[field.meaning.of_run]
    return [*found, *[f"{best}({name}) FILTER (WHERE NOT isnan({name})) AS {name}_best"] * field.meaning.best]


def _summary(field: events.Field) -> list[str]:
    """A metric of a run: now, while it runs; else of its epochs; else as its ending has it."""
    if field.meaning.of_run == "running":
        return [f"CASE WHEN status = 'running' THEN {field.column} END AS {field.name}"]
    if field.meaning.of_run in ("", "kept"):
        return []
    name = field.name
    now = [each.column for each in events.fields(events.Progress) if each.name == name]
    end = [*_ending(name), *([_BY_THE_ENDING[name]] if name in _BY_THE_ENDING else [])]
    columns = [*(f"CASE WHEN status = 'running' THEN {column} END" for column in now), f"last.{name}", *end]
    found = [f"coalesce({', '.join(columns)}) AS {name}"]
    best = f"{name}_best"  # the ending tells of the weights that are kept, so it goes before the epochs
    return (
        [*found, f"coalesce({', '.join([*_ending(best), f'last.{best}'])}) AS {best}"] if field.meaning.best else found
    )


def _ending(name: str) -> list[str]:
    """The column of what the ending tells under this name, if it does."""
    return [str(each.column) for each in events.fields(events.Ended) if each.name == name]


def expressions() -> dict[str, str]:
    """What each computed column of the summary is, by SQL over the tables `runs` and `last` beside it."""
    view = schema().partition("CREATE VIEW summary AS")[2]
    return {name: expression for expression, name in re.findall(r"^ +(\S.*) AS (\w+),$", view, re.MULTILINE)}


def fingerprint() -> str:
    """What changes with the schema, so that a snapshot of another is not taken for this one."""
    return hashlib.sha256(schema().encode()).hexdigest()[:16]


@functools.cache
def columns(table: str) -> arrow.Schema:
    """A table's columns in order, for handing rows over without guessing at their types."""
    with duckdb.connect() as blank:
        blank.execute(schema())
        found: arrow.Schema = blank.sql(f"FROM {table}").limit(0).to_arrow_table().schema
    return found
