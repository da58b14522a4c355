"""What tells two runs apart, and runs as lines through parallel axes."""

import math
from typing import Any

import hypothesis.strategies as pair
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from vitcore import figures
from vitcore.analysis import differences
from vitcore.errors import UserError
from vitcore.figures import scales
from vitcore.spec import RunSpec
from vitcore.store.cells import as_text

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


def axes(*names: str) -> list[dict[str, Any]]:
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
    with pytest.raises(UserError, match="2 classes and the second 3"):
        differences.comparable(("a", "b"), ("a", "b", "c"))
    with pytest.raises(UserError, match="'b' and 'c'"):
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


def test_a_number_that_is_missing_has_a_place_of_its_own_and_the_axis_stays_numeric() -> None:
    samples, flip, _ = axes("samples", "flip")
    assert list(samples["ticktext"]) == ["100", "–"]
    assert list(samples["values"][[0, 2]]) == [100, 100]
    assert samples["values"][1] < 100
    assert set(flip["ticktext"]) == {"True", "False"}


def test_words_are_cut_so_that_no_two_read_alike() -> None:
    folders = [f"/data/of/all/the/years/{name}/images-of-the-lab" for name in ("first", "second", "third")]
    for words in (folders, ["a" * 120 + "1" + "b" * 120, "a" * 120 + "2" + "b" * 120, "c"], ["short", "words"]):
        cut = scales.apart(words)
        assert len(set(cut)) == len(words)
        assert max(map(len, cut)) <= 40
    assert scales.apart(["softmax", "relu"]) == ["softmax", "relu"]


VALUES = (1, 2.5, -3, 0, 1e-9, 1e12, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf, None, pd.NA)
WORDS: tuple[object, ...] = (
    "x",
    "",
    "a word of more than thirteen letters",
    "nan",
    "inf",
    [],
    ["a", "b"],
    True,
    np.bool_(False),
)


@settings(max_examples=300, deadline=None)
@given(
    values=pair.lists(pair.sampled_from(VALUES), min_size=1, max_size=8), word=pair.none() | pair.sampled_from(WORDS)
)
def test_any_column_is_an_axis(values: list[Any], word: object) -> None:
    found = scales.scale(values if word is None else [*values, word])
    assert np.isfinite(found.values).all()
    assert len(found.ticks) == len(found.texts) <= 16
    low, high = found.range
    assert low < high
    assert ((found.values >= low) & (found.values <= high)).all()
    assert len(set(found.texts)) == len(found.texts)
    if word is None:
        numbers = [(value, place) for value, place in zip(values, found.values, strict=True) if as_text(value) != "–"]
        for item, first in numbers:  # the order of numbers is the order on the axis
            for other, second in numbers:
                assert first <= second or float(item) > float(other)
        missing = [place for value, place in zip(values, found.values, strict=True) if as_text(value) == "–"]
        assert not {place for _, place in numbers} & set(missing)
        assert bool(missing) == ("–" in found.texts)


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
    # These ticks are plain text (test_hostile_charts holds it in a browser): entities would show.
    assert "<a href='x'>" in figure.data[0].dimensions[0].ticktext
