"""The evidence for runs and curves: its SQL on the snapshot and its notebook cell give what the pages draw."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.pages.texts import tell
from vitcore.analysis.disagreement import disagreement
from vitcore.runs.folder import Results
from vitcore.runs.predictions import Predictions
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.cells import as_text
from vitcore.store.index import Index
from vitcore.store.provenance import MOST, of_answers, of_columns, of_curve_difference, of_curves, of_runs


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


@pytest.mark.parametrize("metric", ["held_out_accuracy", "held_out_loss", "error_percent"])
def test_what_is_held_out_and_the_difference_of_two_curves_come_out_of_both(stored: Index, metric: str) -> None:
    first, second = sorted(stored.results.ids())
    drawn = {
        id: frame.set_index("epoch")[metric] for id, frame in queries.epochs(stored, [first, second]).groupby("run_id")
    }
    apart = (100 * (drawn[first] - drawn[second])).dropna()
    assert len(apart)
    found, curves = of_curve_difference(first, second, metric, 100), of_curves([first, second], metric)
    with duckdb.connect(str(stored.results.snapshot), read_only=True) as connection:
        rows, values = (connection.execute(each.sql).df() for each in (found, curves))
    for frame in (rows, computed(found.notebook)):
        assert list(frame["epoch"]) == list(apart.index)
        assert list(frame["difference"]) == pytest.approx(list(apart))
    for frame in (values, computed(curves.notebook)):
        assert list(frame[metric].dropna()) == pytest.approx([*drawn[first].dropna(), *drawn[second].dropna()])


def test_every_column_of_the_runs_comes_out_of_the_sql_and_of_the_notebook(stored: Index) -> None:
    """Options and results that two runs, or lines through axes, are laid side by side by."""
    runs = queries.runs(stored).sort_values("id", ignore_index=True)
    names = [name for name in runs.columns if name not in ("id", "progress")]
    found = of_columns(list(runs["id"]), names)
    with duckdb.connect(str(stored.results.snapshot), read_only=True) as connection:
        rows = connection.execute(found.sql).df()
    again = computed(found.notebook).reset_index(drop=True)
    pd.testing.assert_frame_equal(again, runs[["id", *names]])
    for name in names:
        assert [as_text(value) for value in rows[name]] == [as_text(value) for value in runs[name]], name


def test_what_two_runs_answered_comes_out_of_the_notebook(stored: Index) -> None:
    first, second = stored.results.ids()
    truth = np.arange(10)
    for id, wrong in ((first, 1), (second, 2)):
        answers = truth.copy()
        answers[:wrong] = 9
        writer = Predictions(stored.results.run(id).predictions, truth, 10)
        writer.put(2, answers)
        writer.close()
    sentence, first_alone, second_alone, *matrices = computed(of_answers(first, second).notebook)
    assert sentence == disagreement(*map(stored.results.run, (first, second))).sentence
    assert (first_alone.tolist(), second_alone.tolist()) == ([], [1])
    for id, matrix in zip((first, second), matrices, strict=True):
        assert (matrix == queries.confusion(stored, id)[1]).all()


def test_of_nothing_there_is_no_sql_and_of_thousands_the_first() -> None:
    assert of_runs([], ["error_percent"]).sql == of_curves([], "train_loss").sql == ""
    assert len(of_runs([f"run-{place}" for place in range(5000)], ["error_percent"]).runs) == MOST
