"""Runs kept with the project, and the reports' figures drawn from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.stored_runs import stored
from vitcore.errors import UserError
from vitcore.published.tables import figures, table
from vitcore.reproduction import charts, evidence
from vitcore.reproduction.requests import requested
from vitcore.reproduction.tables import results

T1 = table("performer-table-1")


def _runs(frame: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return frame(
        [stored(T1.spec(row, "error", "scaled", seed), 6.0 + seed) for row in ("softmax", "x4") for seed in range(2)]
    )


def test_kept_runs_fill_a_table_that_the_store_leaves_empty(tmp_path: Path, frame: Callable[..., pd.DataFrame]) -> None:
    runs = _runs(frame).assign(machine="my-own-laptop", node="my-own-laptop", CPU="EPYC")
    foreign = {**stored(T1.spec("x2", "error", "scaled", 0), 1.0, status="failed"), "machine": "m", "cpu": "p"}
    worth = evidence.worth_keeping([T1], pd.concat([runs, pd.DataFrame([foreign])]))
    assert set(worth["id"]) == set(runs["id"])
    epochs = pd.DataFrame({"run_id": [runs["id"][0]], "epoch": [1], "accuracy": [0.9]})
    none = evidence.shown_confusions([], worth, lambda id, epoch: np.eye(2, dtype=int))
    paths = evidence.keep(worth, epochs, none, tmp_path)
    assert all("my-own-laptop" not in path.read_text(encoding="utf-8") for path in paths), "a host's name is private"
    back = pd.read_csv(paths[0])
    filled = results(T1, evidence.with_stored(frame(), back), "scaled").at("softmax", "error")
    assert filled.measured_text() == "6.50 [2.37, 16.50] (n = 2)"
    both = evidence.with_stored(runs, back)
    assert len(both) == len(runs), "what the store holds is not taken twice"
    assert results(T1, evidence.with_stored(runs.iloc[:1], back), "scaled").at("x4", "error").measured.center == 6.5


def test_what_was_kept_before_stays_letter_by_letter(tmp_path: Path, frame: Callable[..., pd.DataFrame]) -> None:
    runs, none = _runs(frame).assign(macs=5), evidence.shown_confusions([], frame(), lambda id, epoch: np.eye(2))
    epochs = pd.DataFrame({"run_id": runs["id"], "epoch": 1, "accuracy": 0.25})
    first, second = runs.iloc[:2], runs.iloc[2:].assign(told_later="new")
    paths = evidence.keep(first, epochs[epochs["run_id"].isin(first["id"])], none, tmp_path)
    before = [path.read_text(encoding="utf-8").splitlines() for path in paths]
    evidence.keep(second, epochs[epochs["run_id"].isin(second["id"])], none, tmp_path)
    after = [path.read_text(encoding="utf-8").splitlines() for path in paths]
    assert len(after[0]) == 1 + len(runs)
    for row in before[0][1:]:
        assert f"{row}," in after[0], "a column that it knew nothing of is empty"
    assert set(before[1]) < set(after[1])
    evidence.keep(first.assign(macs=6), epochs.iloc[:0], none, tmp_path)
    written = pd.read_csv(paths[0])
    assert sorted(written["macs"]) == [5, 5, 6, 6], "a run that is kept again is kept once"
    assert len(pd.read_csv(paths[1])) == 2


@pytest.mark.filterwarnings("error")
def test_kept_runs_of_any_number_of_columns_are_in_one_piece(
    tmp_path: Path, frame: Callable[..., pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a frame in hundreds of pieces pandas warns at each column that is added, and a page shows warnings."""
    runs = _runs(frame)
    numbers = {f"metric_{place}": [place, 0.5, None, place] for place in range(300)}
    none = evidence.shown_confusions([], frame(), lambda id, epoch: np.eye(2))
    evidence.keep(pd.concat([runs, pd.DataFrame(numbers)], axis=1), pd.DataFrame(), none, tmp_path)
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    assert len(evidence.with_stored(frame())) == len(runs)


def test_kept_matrices_are_those_that_figures_show_and_come_back_whole(
    tmp_path: Path, frame: Callable[..., pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = table("hybrid-figure-4").spec("1", "accuracy", "scaled", 0)
    runs = frame([stored(spec, 90.0)])
    id = runs["id"][0]
    matrix = np.array([[3, 0, 1], [0, 0, 2], [0, 5, 0]])

    def read(run: str, epoch: int) -> np.ndarray:
        if epoch == 5:
            raise UserError("it did not come so far")
        return matrix

    evidence.keep(runs, pd.DataFrame(), evidence.shown_confusions(list(figures().values()), runs, read), tmp_path)
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    back = evidence.stored_confusion(id, 1)
    assert back is not None
    np.testing.assert_array_equal(back, matrix)
    assert evidence.stored_confusion(id, 5) is None
    assert evidence.stored_confusion("another", 1) is None


def test_requests_go_seed_by_seed_and_take_each_run_once(frame: Callable[..., pd.DataFrame]) -> None:
    specs, under_way = requested(["performer-table-1"], frame(), range(2), "scaled", explanations=True)
    assert under_way == 0
    assert [spec.seed for spec in specs] == [0] * 7 + [1] * 7, "six rows and the mended ReLU"
    item, _ = requested(["performer-table-1"], frame(), range(1), "scaled", rows=["Performer-ReLU"])
    assert [spec.model.kernel for spec in item] == ["relu"]


@pytest.mark.parametrize("column", ["MNIST", "mnist"])
def test_requests_are_of_the_cells_that_are_asked_for(column: str, frame: Callable[..., pd.DataFrame]) -> None:
    rows = ["CCT-2/3×2", "vit-lite-7/8"]
    specs, _ = requested(["slides-table-1"], frame(), range(1), "scaled", rows=rows, columns=[column])
    assert {(spec.model.architecture, spec.data.dataset) for spec in specs} == {
        ("cct-2/3x2", "mnist"),
        ("vit-lite-7/8", "mnist"),
    }
    with pytest.raises(UserError, match="slides-table-1 has no column 'MNST'; it has cifar-10, cifar-100, fashion"):
        requested(["slides-table-1"], frame(), range(1), "scaled", columns=["MNST"])


def test_every_published_figure_is_drawn_or_waits_for_its_runs(frame: Callable[..., pd.DataFrame]) -> None:
    for figure in figures().values():
        result = results(table(figure.table), frame(), "scaled")
        drawn = charts.draw(figure, result, frame())
        assert (drawn is None) == (figure.chart in ("curves", "confusion"))


def test_a_bar_figure_shows_published_and_ours_with_whiskers(frame: Callable[..., pd.DataFrame]) -> None:
    runs = _runs(frame)
    published, measured = charts.draw(figures()["performer-figure-1"], results(T1, runs, "scaled"), runs).data
    assert list(published.y) == [cell.value for cell in T1.cells if cell.column == "error"]
    assert measured.name == "ours (scaled)"
    assert measured.y[0] == 6.5
    assert measured.error_y.array[0] > 0


def test_curves_and_matrices_are_of_the_runs_behind_the_figure(frame: Callable[..., pd.DataFrame]) -> None:
    figure = figures()["cifar10-figure-1"]
    text = table("cifar10-text")
    lines: list[dict[str, Any]] = [
        stored(text.spec(row, "accuracy", "scaled", s), 60.0) for row in ("vit", "cnn") for s in (0, 1)
    ]
    runs = frame(lines)
    result = results(text, runs, "scaled")
    behind = charts.runs_behind(figure, result, runs)
    assert set(behind["row"]) == {"Vision Transformer", "Baseline CNN"}
    epochs = pd.concat([pd.DataFrame({"run_id": id, "epoch": [5, 10], "accuracy": [0.3, 0.4]}) for id in runs["id"]])
    drawn = charts.draw(figure, result, runs, epochs=epochs)
    assert [trace.name for trace in drawn.data if trace.showlegend is not False] == [
        "Vision Transformer · n = 2",
        "Baseline CNN · n = 2",
    ]
    hybrid = figures()["hybrid-figure-3"]
    shown = charts.draw(hybrid, result, runs, matrix=np.eye(3, dtype=int), classes=["a", "b", "c"])
    assert shown is not None
