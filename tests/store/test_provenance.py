"""The evidence for runs and curves: its SQL on the snapshot and its notebook cell give what the pages draw."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pages.texts import tell
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index
from vitcore.store.provenance import MOST, of_curves, of_runs


def computed(code: str) -> Any:
    """What a notebook shows of a cell: its last line's value."""
    *before, last = ast.parse(code).body
    names: dict[str, Any] = {}
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    results = Results(tmp_path / "results")
    monkeypatch.setenv("VITCORE_RESULTS", str(results.root))
    for seed, error in enumerate((3.0, 4.0)):
        tell(results, RunSpec.of(epochs=2, samples=200, seed=seed), error=error)
    index = Index(results)
    index.poll()
    index.publish()
    return index


def test_last_values_come_out_of_the_sql_and_of_the_notebook(stored: Index) -> None:
    runs = queries.runs(stored).sort_values("id")
    found = of_runs(list(runs["id"]), ["error_percent", "val_error"])
    with duckdb.connect(str(stored.results.snapshot), read_only=True) as connection:
        rows = connection.execute(found.sql).df()
    again = computed(found.notebook)
    for frame in (rows, again):
        assert list(frame["id"]) == list(runs["id"])
        assert list(frame["error_percent"]) == pytest.approx(list(runs["error_percent"]))


def test_curves_come_out_of_the_sql_and_of_the_notebook(stored: Index) -> None:
    ids = sorted(stored.results.ids())
    drawn = queries.epochs(stored, ids)
    found = of_curves(ids, "train_loss")
    with duckdb.connect(str(stored.results.snapshot), read_only=True) as connection:
        rows = connection.execute(found.sql).df()
    for frame in (rows, computed(found.notebook)):
        assert list(frame["run_id"]) == list(drawn["run_id"])
        assert list(frame["train_loss"]) == pytest.approx(list(drawn["train_loss"]), nan_ok=True)


def test_of_nothing_there_is_no_sql_and_of_thousands_the_first() -> None:
    assert of_runs([], ["error_percent"]).sql == of_curves([], "train_loss").sql == ""
    assert len(of_runs([f"run-{place}" for place in range(5000)], ["error_percent"]).runs) == MOST
