"""What tells two runs apart, and runs as lines through parallel axes."""

import math

import numpy as np
import pandas as pd
import pytest

from vitcore.errors import Refusal
from vitcore.reports import differences, figures
from vitcore.spec import RunSpec

RUNS = pd.DataFrame(
    {
        "kernel": ["softmax", "relu", "relu", "softmax"],
        "learning_rate": [1e-4, 1e-2, 1e-3, 1e-4],
        "layers": [2, 4, 6, 4],
        "samples": [100.0, None, 200.0, 100.0],
        "flip": [True, False, True, False],
        "error_percent": [3.0, 2.0, math.nan, 5.0],
    }
)
LABELS = {"error_percent": "Test error", "kernel": "Kernel"}


def axes(*names: str) -> list[dict[str, object]]:
    figure = figures.parallel(RUNS, [*names, "error_percent"], LABELS)
    assert figure is not None
    return [dimension.to_plotly_json() for dimension in figure.data[0].dimensions]


def test_only_the_options_that_differ_are_named() -> None:
    first = pd.Series(RunSpec.of(kernel="relu", seed=1).flat())
    second = pd.Series(RunSpec.of(kernel="softmax", seed=1, samples=100).flat())
    second["epochs"] = float(first["epochs"])  # as a column that has an empty cell elsewhere gives it
    table = differences.options(first, second).set_index("option")
    assert list(table["first"]) == ["relu", "–"]
    assert list(table["second"]) == ["softmax", "100"]
    assert differences.options(first, first).empty


def test_matrices_of_other_classes_are_refused() -> None:
    differences.comparable(("a", "b"), ["a", "b"])
    with pytest.raises(Refusal, match="2 classes and the second 3"):
        differences.comparable(("a", "b"), ("a", "b", "c"))
    with pytest.raises(Refusal, match="'b' and 'c'"):
        differences.comparable(("a", "b"), ("a", "c"))


def test_the_cells_that_differ_most_come_first() -> None:
    first, second = np.array([[8, 2], [0, 10]]), np.array([[20, 0], [5, 5]])  # of other sizes: shares count
    table = differences.cells(first, second, ("cat", "dog"))
    assert list(table["difference"]) == pytest.approx([-50, 50, -20, 20])
    assert set(table["true"][:2]) == {"dog"}
    assert differences.cells(first, first * 3, ("cat", "dog")).empty


def test_words_and_numbers_are_axes_and_a_run_without_a_result_is_no_line() -> None:
    kernel, layers, error = axes("kernel", "layers")
    assert list(kernel["ticktext"]) == ["relu", "softmax"]
    assert [kernel["ticktext"][place] for place in kernel["values"]] == ["softmax", "relu", "softmax"]
    assert list(layers["values"]) == [2, 4, 4]
    assert list(error["values"]) == [3, 2, 5]
    assert error["label"] == "Test error"


def test_empty_cells_and_switches_are_words() -> None:
    samples, flip, _ = axes("samples", "flip")
    assert "–" in samples["ticktext"]
    assert set(flip["ticktext"]) == {"True", "False"}


def test_rates_over_decades_are_logarithmic() -> None:
    rates, _ = axes("learning_rate")
    assert list(rates["values"]) == pytest.approx([-4, -2, -4])
    assert list(rates["ticktext"]) == ["0.0001", "0.001", "0.01"]


def test_fewer_than_two_lines_or_axes_are_no_figure() -> None:
    assert figures.parallel(RUNS.head(1), ["kernel", "error_percent"], LABELS) is None
    assert figures.parallel(RUNS, ["error_percent"], LABELS) is None
    assert figures.parallel(RUNS, [], LABELS) is None
    assert figures.parallel(RUNS.tail(2), ["kernel", "error_percent"], LABELS) is None


def test_a_name_is_no_markup_on_an_axis() -> None:
    runs = RUNS.assign(kernel=["<a href='x'>", "b", "c", "d"])
    figure = figures.parallel(runs, ["kernel", "error_percent"], LABELS)
    assert figure is not None
    assert not any("<a" in text for text in figure.data[0].dimensions[0].ticktext)
