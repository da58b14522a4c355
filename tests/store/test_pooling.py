"""A mean is over runs that were trained here to their end, wherever one is taken; who was left out is said."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from pages.compare.cost_chart import gathered as gathered_by_spec
from pages.compare.run_table import gathered
from tests.stored_runs import stored
from vitcore.published.tables import figures, table
from vitcore.reproduction import charts, exports, size_tables
from vitcore.reproduction.missing import missing
from vitcore.reproduction.paragraph import paragraph
from vitcore.reproduction.tables import results
from vitcore.runs.status import STATUSES
from vitcore.spec import RunSpec
from vitcore.store import pooling

Frame = Callable[..., pd.DataFrame]
T1 = table("performer-table-1")
KINDS = [*(status for status in STATUSES if status != "finished"), "imported"]


def spec(seed: int) -> RunSpec:
    return T1.spec("softmax", "error", "scaled", seed)


def odd(kind: str) -> dict[str, Any]:
    """A fourth seed of that kind, whose error would show in any mean."""
    line = stored(spec(3), 95.0, status="finished" if kind == "imported" else kind)
    return {**line, "epochs_done": 0 if kind == "imported" else 1, "parameters": 10, "kind": kind}


def runs_with(kind: str, frame: Frame) -> pd.DataFrame:
    return frame([*(stored(spec(seed), 3.0 + seed, parameters=10) for seed in range(3)), odd(kind)])


@pytest.mark.parametrize("kind", KINDS)
def test_no_mean_takes_in_what_is_not_finished(kind: str, frame: Frame) -> None:
    runs = runs_with(kind, frame)
    stored, left = pooling.pooled(runs)
    assert list(stored["error_percent"]) == [3, 4, 5]
    messages = pooling.left_out(left)
    assert messages.startswith(f"Not in the means: 1 {kind} (")
    assert left["title"].iloc[0] in messages
    assert list(gathered(stored, ["architecture"])[["n", "error_median"]].iloc[0]) == [3, 4]
    assert gathered_by_spec(stored, "training_seconds")["accuracy"].tolist() == [96]

    found = results(T1, runs, "scaled")
    cell = found.at("softmax", "error")
    assert cell.measured.center == 4
    assert cell.measured_text().startswith("4.00 [2.06, 7.33] (n = 3)")
    assert kind in cell.measured_text()
    assert list(cell.values.values()) == [3, 4, 5]
    text = " ".join(paragraph(found, runs))
    if kind == "diverged":
        assert "diverged in 1 of 4 runs (25%, 95 %: 1% to 81%)" in text
    else:
        assert (f"Not in the medians: 1 {kind} (Softmax" in text) == (kind != "queued"), text
    figure = figures()["performer-figure-1"]
    drawn = charts.draw(figure, found, runs)
    assert drawn is not None
    assert 4.0 in drawn.data[1].y
    tidy = exports.tidy(found)
    assert tidy.loc[(tidy["unit"] == "%") & tidy["ours"].notna(), "ours"].tolist() == [4]

    points = size_tables.sizes_and_accuracies(runs, T1.spec("softmax", "error", "scaled", 0).data.dataset)
    assert points.loc[~points["published"].astype(bool), "accuracy"].tolist() == [96]


@pytest.mark.parametrize("kind", KINDS)
def test_all_are_put_together_where_that_is_asked_for(kind: str, frame: Frame) -> None:
    stored, left = pooling.pooled(runs_with(kind, frame), everything=True)
    assert (len(stored), len(left), pooling.left_out(left)) == (4, 0, "")


@pytest.mark.parametrize("kind", KINDS)
def test_the_reports_curves_are_of_the_runs_in_their_means(kind: str, frame: Frame) -> None:
    text, figure = table("cifar10-text"), figures()["cifar10-figure-1"]
    lines = [stored(text.spec("vit", "accuracy", "scaled", seed), 60.0) for seed in range(2)]
    other = stored(text.spec("vit", "accuracy", "scaled", 2), 99.0, status="finished" if kind == "imported" else kind)
    runs = frame([*lines, {**other, "epochs_done": 0 if kind == "imported" else 1}])
    behind = charts.runs_behind(figure, results(text, runs, "scaled"), runs)
    assert set(behind["id"]) == {line["id"] for line in lines}


def test_imported_weights_are_no_seed_that_was_trained(frame: Frame) -> None:
    imported = {**stored(spec(0), 1.0), "epochs_done": 0}
    assert [item.seed for item in missing(T1, frame([imported]), [0], "scaled", rows=["softmax"]).specs] == [0]
    assert math.isnan(results(T1, frame([imported]), "scaled").at("softmax", "error").measured.center)


def test_runs_are_compared_that_saw_one_set_of_data_and_ran_on_one_machine(frame: Frame) -> None:
    lines = [{"id": str(n), "machine": "a" if n else "b", "data_digest": "x"} for n in range(3)]
    runs = frame([*lines, {"id": "3", "machine": "a", "data_digest": "y"}, {"id": "4", "machine": "a"}])
    item = pooling.commonest(runs, ["data_digest", "machine", "torch"])
    assert item == {"data_digest": "x", "machine": "a"}, "of what nobody recorded nothing is asked"
    why = pooling.comparable(runs, item, {**pooling.EVALUATION, **pooling.TIMING})
    assert list(why) == ["another machine", "", "", "other data", ""], "what is not known speaks not against a run"


def test_many_are_named_and_counted(frame: Frame) -> None:
    runs = frame([stored(spec(seed), 9.0, status="failed") for seed in range(9)])
    assert pooling.left_out(runs).count("·") == 4
    assert "5 more" in pooling.left_out(runs)


def test_a_csv_of_results_is_empty_where_nothing_is_known(frame: Frame) -> None:
    assert "NaN" not in exports.csv(results(T1, frame(), "scaled"))
