"""Figures and tables of runs and classes that share a name: each has its own line, bar, row, cell and legend."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vitcore import figures
from vitcore.analysis import differences
from vitcore.errors import UserError
from vitcore.figures import Series
from vitcore.published.tables import tables
from vitcore.reproduction import requests

CLASSES = ["cat", "dog", "cat"]
MATRIX = np.array([[5, 1, 0], [0, 7, 0], [0, 0, 9]])


def test_a_confusion_matrix_keeps_its_rows_and_columns() -> None:
    for figure in (figures.confusion(MATRIX, CLASSES), figures.confusion_difference(MATRIX, MATRIX.T, CLASSES)):
        [heat] = figure.data
        assert len(set(heat.x)) == len(set(heat.y)) == 3
        assert np.shape(heat.z) == (3, 3)


def test_tables_of_mistakes_say_which_of_two_classes() -> None:
    table = figures.most_confused(np.array([[0, 0, 4], [0, 1, 0], [2, 0, 0]]), CLASSES)
    assert (table["true"] != table["predicted"]).all()
    cells = differences.cells(MATRIX, np.array([[0, 0, 4], [0, 1, 0], [2, 0, 0]]), CLASSES)
    assert len(set(cells["true"])) == 3 - 1
    assert not cells.duplicated(["true", "predicted"]).any()


def test_bars_of_equal_labels_and_series_are_not_laid_over_one_another() -> None:
    figure = figures.bars(["a", "a"], [Series("ours", [1.0, 2.0]), Series("ours", [3.0, 4.0])])
    assert all(len(set(trace.x)) == 2 for trace in figure.data)
    assert len({trace.uid for trace in figure.data}) == len({trace.name for trace in figure.data}) == 2
    [bar] = figures.probabilities({"m": [0.5, 0.2, 0.3]}, CLASSES).data
    assert len(set(bar.y)) == 3


def test_curves_and_groups_that_read_alike_stay_apart() -> None:
    epochs = pd.DataFrame({"run_id": list("abcd"), "epoch": 1, "accuracy": [0.1, 0.2, 0.3, 0.4]})
    runs = pd.DataFrame({"id": list("abcd"), "title": "same", "p": ["x", "x · y", "x", "x · y"]})
    runs["q"] = ["y · z", "z", "y · z", "z"]
    assert len({trace.name for trace in figures.curves(epochs, runs).data}) == 4
    lines = [trace for trace in figures.curves(epochs, runs, group=["p", "q"]).data if trace.showlegend is None]
    assert len({trace.name for trace in lines}) == 2


def test_a_row_that_is_asked_for_by_a_name_of_two_is_asked_back() -> None:
    table = tables()["slides-table-4"]
    with pytest.raises(UserError, match="2 rows that are called 'CCT-14/7×2'; say which: cct-224, cct-384"):
        requests._chosen(table, ["CCT-14/7×2"], None)
    assert requests._chosen(table, ["cct-384", "DeiT-B"], None) == {"rows": ["cct-384", "deit-b"], "columns": None}
