"""The evidence for a cell: its SQL gives the cell's values, its notebook cell the cell itself."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pages.texts import tell
from vitcore.published.tables import table, tables
from vitcore.reproduction.cell_runs import epoch_runs
from vitcore.reproduction.evidence import stored_epochs, stored_runs, with_stored
from vitcore.reproduction.paragraph import paragraph
from vitcore.reproduction.provenance import of_table, provenance
from vitcore.reproduction.tables import ResultTable, results
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

ROOT = Path(__file__).parents[2]


def computed(code: str) -> Any:
    """What a notebook shows of a cell: its last line's value."""
    *before, last = ast.parse(code).body
    names: dict[str, Any] = {}
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.fixture(scope="module")
def fresh() -> dict[str, ResultTable]:
    """The scaled tables as a fresh clone shows them."""
    runs = with_stored(stored_runs().head(0))
    found = {}
    for key, item in tables().items():
        if "scaled" in item.protocols:
            ids = epoch_runs(item, "scaled", runs)
            found[key] = results(item, runs, "scaled", epochs=stored_epochs(ids) if ids else None)
    return found


def test_the_sql_gives_every_kept_cell_s_values(fresh: dict[str, ResultTable], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    runs, many = with_stored(stored_runs().head(0)), 0
    for result in fresh.values():
        for item in result.results:
            found = provenance(result, item.row.key, item.column.key, runs)
            assert found.notebook
            if not item.values:
                assert found.sql == ""
                continue
            rows = duckdb.sql(found.sql).fetchall()
            assert [id for _, _, id in rows] == list(found.runs)
            assert {seed: value for seed, value, _ in rows} == pytest.approx(item.values)
            many += 1
    assert many > 20


@pytest.mark.parametrize("key", ["performer-table-1", "hybrid-figure-4"])
def test_the_notebook_cell_gives_the_cell(
    key: str, fresh: dict[str, ResultTable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path))
    item = next(each for each in fresh[key].results if each.values)
    found = provenance(fresh[key], item.row.key, item.column.key, with_stored(stored_runs().head(0)))
    values, measured, verdict = computed(found.notebook)
    assert values == item.values
    assert measured == pytest.approx(item.measured, nan_ok=True)
    assert verdict == item.verdict


def test_stored_runs_are_read_from_the_snapshot(tmp_path: Path) -> None:
    store, known = Results(tmp_path / "results"), table("performer-table-1")
    for seed, error in enumerate((3.0, 4.0)):
        tell(store, RunSpec.of(known.spec("x2", "error", "scaled"), seed=seed), error=error)
    index = Index(store)
    index.poll()
    index.publish()
    runs = with_stored(queries.runs(index), stored_runs().head(0))
    found = provenance(results(known, runs, "scaled"), "x2", "error", runs)
    with duckdb.connect(str(store.snapshot), read_only=True) as connection:
        rows = connection.execute(found.sql).fetchall()
    assert [(seed, value) for seed, value, _ in rows] == [(0, 3.0), (1, 4.0)]
    assert tuple(id for _, _, id in rows) == found.runs
    assert '--kernel "x^2"' in found.command


def test_a_table_s_sql_gives_every_value_and_its_notebook_the_sentences(
    fresh: dict[str, ResultTable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path))
    runs = with_stored(stored_runs().head(0))
    for key, result in fresh.items():
        found = of_table(result, runs)
        values = {
            (item.row.key, item.column.key, seed): v for item in result.results for seed, v in item.values.items()
        }
        rows = duckdb.sql(found.sql).fetchall() if found.sql else []
        assert {(row, column, seed): value for row, column, seed, value, _ in rows} == pytest.approx(values), key
        other = fresh.get(result.table.counterpart) if result.table.counterpart else None
        assert computed(found.notebook) == paragraph(result, runs, other), key
