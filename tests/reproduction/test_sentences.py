"""What the pages say of runs that statistics is easily wrong about: few, equal, diverged, collapsed, mixed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from tests.stored_runs import stored
from vitcore.published.tables import Table, table
from vitcore.reproduction.comparisons import comparisons
from vitcore.reproduction.paragraph import paragraph
from vitcore.reproduction.tables import TOO_FEW, results

Frame = Callable[..., pd.DataFrame]
T1, T2 = table("performer-table-1"), table("performer-table-2")
SOFTMAX, X4, X2 = "Softmax (not Performized)", "X⁴", "x²"


def line(row: str, seed: int, error: float, item: Table = T1, column: str = "error", **more: Any) -> dict[str, Any]:
    return stored(item.spec(row, column, "scaled", seed), error, **{"test_samples": 10_000, **more})


def lines(errors: Mapping[str, Sequence[float]], **more: Any) -> list[dict[str, Any]]:
    return [line(row, seed, error, **more) for row, values in errors.items() for seed, error in enumerate(values)]


def sentences(frame: Frame, found: Sequence[dict[str, Any]], item: Table = T1) -> str:
    runs = frame(found)
    return " ".join(paragraph(results(item, runs, "scaled"), runs))


def test_one_seed(frame: Frame) -> None:
    found = lines({"softmax": [6.0], "x4": [2.0], "x2": [3.0]})
    text = sentences(frame, found)
    assert "cannot be said: no two of them have 3 seeds in common, and below that no test is made" in text
    assert "Holm" not in text
    assert "differ (" not in text
    assert f"2.00, {TOO_FEW} (n = 1)" in results(T1, frame(found), "scaled").at("x4", "error").measured_text()


def test_two_seeds_with_equal_differences(frame: Frame) -> None:
    found = lines({"softmax": [6.0, 6.5], "x4": [2.0, 2.5]})
    text = sentences(frame, found)
    assert "no test is made" in text
    assert "Holm" not in text
    pairs: Any = comparisons(results(T1, frame(found), "scaled"), frame(found))
    assert pairs["difference"][0] == pytest.approx(4)
    assert math.isnan(pairs["p"][0])
    assert math.isnan(pairs["low"][0])
    assert math.isnan(pairs["fewest_seeds"][0])


@pytest.mark.parametrize(("row", "names"), [("softmax", SOFTMAX), ("x4", X4)])
def test_one_diverged_seed_on_either_side(frame: Frame, row: str, names: str) -> None:
    """Its 90 % enter no median, no pair and no sentence but the one that tells its rate."""
    errors = {"softmax": [6.0, 6.5, 5.6, 6.1], "x4": [5.9, 6.6, 5.5, 6.2]}
    found = [
        item
        for item in lines(errors)
        if (item["kernel"], item["seed"]) != ({"softmax": "softmax", "x4": "x^4"}[row], 3)
    ]
    text = sentences(frame, [*found, line(row, 3, 90.2, status="diverged")])
    assert f"{names} diverged in 1 of 4 runs (25%, 95 %: 1% to 81%)" in text
    assert "none is shown to differ" in text
    runs = frame([*found, line(row, 3, 90.2, status="diverged")])
    [pair] = comparisons(results(T1, runs, "scaled"), runs).to_dict("records")
    assert pair["seeds"] == 3, "the seed of which one side diverged is no pair"
    assert abs(pair["difference"]) < 0.5


def test_two_rates_of_divergence_are_compared_from_both_sides(frame: Frame) -> None:
    found = [line("relu", seed, 90.2, status="diverged") for seed in range(6)]
    text = sentences(frame, [*found, *lines({"softmax": [6.0, 6.5, 5.6, 6.1, 6.2, 5.8]})])
    assert (
        f"Performer-ReLU diverged in 6 of 6 runs (100%, 95 %: 54% to 100%), more often than {SOFTMAX} (0 of 6" in text
    )


def test_three_collapsed_columns(frame: Frame) -> None:
    found = [
        line("relu", seed, 90.2, T2, f"{count}-error", status="diverged")
        for count in (10_000, 20_000, 50_000)
        for seed in range(2)
    ]
    softmax = [
        line("softmax", seed, 6.0 + seed / 10, T2, f"{count}-error")
        for count in (10_000, 20_000, 50_000)
        for seed in range(2)
    ]
    text = sentences(frame, [*found, *softmax], T2)
    assert text.count("ReLU diverged") == 1, "once for the row, not once for each column"
    assert "ReLU diverged in 6 of 6 runs" in text
    assert "(0 of 6" in text
    assert "90.2" not in text


def test_every_run_diverged_and_nothing_else_is_there(frame: Frame) -> None:
    text = sentences(frame, [line("relu", seed, 90.2, status="diverged") for seed in range(3)])
    assert "Nothing of this table has a result" in text
    assert "Performer-ReLU diverged in 3 of 3 runs (100%, 95 %: 29% to 100%)" in text


def test_an_accuracy_table(frame: Frame) -> None:
    """Higher is better there, 10 % of accuracy is no error of 10 %, and differences are points of accuracy."""
    item = table("slides-table-2")
    spec = {row: item.spec(row, "cifar-10", "scaled") for row in ("300", "1500")}
    found = [
        stored(type(made).of(made, seed=seed), error + seed / 5, test_samples=10_000)
        for made, error in ((spec["300"], 60.0), (spec["1500"], 45.0))
        for seed in range(4)
    ]
    runs = frame(found)
    result = results(item, runs, "scaled")
    assert result.at("300", "cifar-10").measured.center == pytest.approx(39.7)
    assert 38 < result.at("300", "cifar-10").measured.low < 39.7 < result.at("300", "cifar-10").measured.high < 42
    text = " ".join(paragraph(result, runs))
    first, second = item.row("300").label, item.row("1500").label
    assert f"{first} worse than {second} by -15.0" in text
    assert " points [" in text
    pairs = comparisons(result, runs)
    assert pairs["better"][0] == 0


def test_imports_beside_runs(frame: Frame) -> None:
    imported = [{**line("x4", seed, 1.0), "epochs_done": 0} for seed in range(3)]
    text = sentences(frame, [*imported, *lines({"softmax": [6.0, 6.5, 5.6], "x2": [5.9, 6.6, 5.5]})])
    assert f"Not in the medians: 3 imported ({X4})" in text
    assert "After Holm's correction over all 1 pair of kernels" in text


def test_mixed_machines(frame: Frame) -> None:
    here = lines({"x2": [3.0, 3.1]}, machine="here", training_seconds=10.0)
    there = [line("x2", 5, 3.2, machine="there", training_seconds=90.0)]
    runs = frame([*here, *there])
    result = results(T1, runs, "scaled")
    assert result.at("x2", "time").measured.center == 10
    assert result.at("x2", "time").others == {"of another machine": [there[0]["id"]]}
    assert len(result.at("x2", "error").values) == 3, "an error is not of the machine"
    text = " ".join(paragraph(result, runs))
    assert "2 machines (here, there): seconds are those of the commonest of each alone" in text


@pytest.mark.parametrize(
    ("column", "name"), [("device_used", "devices"), ("precision_used", "precisions"), ("torch", "versions of torch")]
)
def test_times_are_of_one_device_precision_and_software(frame: Frame, column: str, name: str) -> None:
    subset = lines({"x2": [3.0, 3.1]}, training_seconds=10.0, **{column: "one"})
    runs = frame([*subset, {**line("x2", 5, 3.2, training_seconds=90.0), column: "other"}])
    result = results(T1, runs, "scaled")
    assert result.at("x2", "time").measured.center == 10
    assert f"2 {name} (one, other)" in " ".join(paragraph(result, runs))


def test_mixed_data_digests(frame: Frame) -> None:
    equal = lines({"softmax": [6.0, 6.5, 5.6], "x4": [5.9, 6.6, 5.5]}, data_digest="aaaaaaaaaaaa")
    other = [line("x4", 3, 60.0, data_digest="bbbbbbbbbbbb"), line("softmax", 3, 61.0, data_digest="bbbbbbbbbbbb")]
    runs = frame([*equal, *other])
    result = results(T1, runs, "scaled")
    assert list(result.at("x4", "error").values) == [0, 1, 2]
    text = " ".join(paragraph(result, runs))
    assert "2 sets of data (digests aaaaaaaaaaaa, bbbbbbbbbbbb)" in text
    assert f"Not in the medians: 2 of other data ({SOFTMAX}, {X4})" in text
    unknown = frame([*equal, line("x4", 4, 6.0)])
    assert len(results(T1, unknown, "scaled").at("x4", "error").values) == 4, "earlier versions kept no digest"


def test_another_test_set_is_another_evaluation(frame: Frame) -> None:
    found = [*lines({"x4": [5.9, 6.6, 5.5]}), line("x4", 3, 60.0, test_samples=1_000)]
    cell = results(T1, frame(found), "scaled").at("x4", "error")
    assert len(cell.values) == 3
    assert "1 of another test set" in cell.measured_text()


def test_runs_of_two_versions(frame: Frame) -> None:
    old = lines({"x2": [3.0, 3.1]}, vitcore_version="0.1.0", training_seconds=10.0)
    runs = frame([*old, line("x2", 5, 3.2, vitcore_version="0.2.0", training_seconds=90.0)])
    result = results(T1, runs, "scaled")
    assert result.at("x2", "time").measured.center == 10
    assert len(result.at("x2", "error").values) == 3
    text = " ".join(paragraph(result, runs))
    assert "2 versions of vitcore (0.1.0, 0.2.0): seconds are those of the commonest of each alone" in text


def test_every_pair_is_looked_at_and_what_is_told_has_a_range(frame: Frame) -> None:
    """x² against x⁴: 0.44 points apart, and never looked at while rows were compared with softmax alone."""
    errors = {"softmax": [5.3, 16.0, 3.4], "x4": [3.03, 2.84, 2.85], "x2": [2.51, 2.51, 2.38]}
    text = sentences(frame, lines(errors))
    assert "over all 3 pairs of kernels" in text
    runs = frame(lines(errors))
    pairs: Any = comparisons(results(T1, runs, "scaled"), runs).set_index(["row", "against"])
    assert pairs.loc[(X4, X2), "difference"] == pytest.approx(0.44, abs=0.02)
    assert pairs.loc[(X4, X2), "low"] >= 0 or pairs.loc[(X4, X2), "p"] > 0.05, "never finer than 10,000 images tell"
    assert "needs between" in text or "needs at least" in text
