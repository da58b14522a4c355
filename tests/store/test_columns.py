"""One schema: what a journal's line can tell stands in every table, and what a table has is explained."""

from __future__ import annotations

from dataclasses import MISSING
from dataclasses import fields as parts
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.store.writing import write_run
from vitcore import events
from vitcore.runs import journal
from vitcore.runs.fold import read
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.store import columns, queries
from vitcore.store.index import Index

README = Path(__file__).resolve().parents[2] / "results" / "README.md"
GIVEN: dict[type, Any] = {int: 7, float: 0.25, str: "said", tuple: ["a", "b"]}


def whole(kind: type[events.Line]) -> events.Line:
    """A line with a value in every field."""
    given = {each.path: GIVEN[each.kind] for each in events.fields(kind)}
    values: dict[str, Any] = {path[0]: value for path, value in given.items() if len(path) == 1}
    for name, nested in (("host", events.Host), ("vitcore", events.Software)):
        inner = {path[1]: value for path, value in given.items() if len(path) == 2 and path[0] == name}
        if inner:
            values[name] = nested(**inner)
    return kind(**values)


@pytest.mark.parametrize("kind", events.KINDS, ids=lambda kind: kind.event)
def test_what_is_written_is_read_as_it_was(kind: type[events.Line], tmp_path: Path) -> None:
    writer = Journal(tmp_path / "events.jsonl")
    writer.append(whole(kind))
    writer.close()
    (line,), _ = journal.read(tmp_path / "events.jsonl")
    assert line["event"] == kind.event
    assert read(kind, line) == {each.column: GIVEN[each.kind] for each in events.fields(kind) if each.column}


@pytest.mark.parametrize("kind", events.KINDS, ids=lambda kind: kind.event)
def test_a_line_that_tells_nothing_reads_as_nothing(kind: type[events.Line]) -> None:
    assert not any(value is not None for value in read(kind, {"event": kind.event}).values())


def test_a_field_at_its_default_is_left_out_and_one_without_is_not() -> None:
    line = events.Ended("finished", "so")
    assert line.written() == {"event": "ended", "status": "finished", "reason": "so"}
    bare = [each.name for each in parts(events.Epoch) if each.default is MISSING]
    given = events.Epoch(**dict.fromkeys(bare))  # type: ignore[arg-type]
    assert given.written() == {"event": "epoch", **dict.fromkeys(bare)}


def test_every_column_is_there_and_explained(results: Results) -> None:
    write_run(results)
    index = Index(results)
    index.poll()
    known = columns.columns()
    assert list(queries.runs(index).columns) == list(known)
    assert all(each.label for each in known.values())
    types = index.cursor().sql("DESCRIBE summary").df().set_index("column_name")["column_type"]
    assert {name: types[name] for name in known} == {name: each.sql for name, each in known.items()}
    epochs = set(queries.epochs(index, results.ids()).columns) - {"run_id", "at", "evaluated", "validated"}
    assert epochs == events.metrics().keys() | events.HELD_OUT.keys()


def test_the_readme_explains_the_columns_as_they_are() -> None:
    text = README.read_text(encoding="utf-8")
    for table in (columns.markdown(), columns.epochs_markdown()):
        assert table in text, "results/README.md is out of date: python -m vitcore.store.columns prints its tables"


@pytest.mark.parametrize("name", [name for name, each in events.metrics().items() if each.meaning.best])
def test_the_best_of_a_metric_is_by_its_direction(name: str, results: Results) -> None:
    run = write_run(results, epochs=0, ending=None)
    writer = Journal(run.events)
    for place, value in enumerate((3.0, 1.0, 2.0)):
        writer.append({"event": "epoch", "epoch": place + 1, "error_percent": 1.0, name: value})
    writer.close()
    index = Index(results)
    index.poll()
    row: pd.Series = queries.runs(index).iloc[0]
    assert row[name] == 2.0
    assert row[f"{name}_best"] == {"lower": 1.0, "higher": 3.0}[events.metrics()[name].meaning.better]
