"""Nothing vanishes from a chart: gaps stay, divergence is marked at its step, a log axis says what it cannot show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pages.shared.chart import plain
from vitcore import figures
from vitcore.figures import Series, drawable, edges, kernels

NAN, INF = float("nan"), float("inf")


def run(**columns: Any) -> pd.DataFrame:
    """Twenty epochs of one run, evaluated each."""
    return pd.DataFrame(
        {"run_id": "a", "epoch": range(1, 21), "evaluated": True, "validated": True, "accuracy": 0.5} | columns
    )


def trouble(value: float) -> np.ndarray:
    return np.where((np.arange(1, 21) >= 8) & (np.arange(1, 21) <= 12), value, np.linspace(2, 1, 20))


def traces(plot: dict[str, Any], *, edge: bool = False) -> list[dict[str, Any]]:
    return [trace for trace in plot["data"] if (trace.get("yaxis") == "y2") == edge]


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("y", [*figures.curves.__globals__["SCORES"], "train_loss"])
@pytest.mark.parametrize("smoothing", [0.0, 0.6])
def test_a_gap_stays_a_gap_and_is_marked_where_it_begins(y: str, value: float, smoothing: float) -> None:
    plot = figures.curve_plot(run(**{y: trouble(value)}), y=y, smoothing=smoothing)
    curve = traces(plot)[-1]
    assert list(curve["x"]) == list(range(1, 21))
    assert np.flatnonzero(~np.isfinite(curve["y"])).tolist() == [7, 8, 9, 10, 11]
    [marker] = traces(plot, edge=True)
    assert list(marker["x"]) == [8]
    assert list(marker["y"]) == [0.0 if value == -INF else 1.0]
    assert marker["text"] == [f"{'infinite' if abs(value) == INF else 'no number'} from epoch 8 to 12"]
    assert edges.BROKEN in plot["layout"]["yaxis"]["title"]["text"]


def test_what_was_not_evaluated_is_no_gap() -> None:
    scores = np.where(np.arange(1, 21) % 5 == 0, 0.7, NAN)
    plot = figures.curve_plot(run(accuracy=scores, evaluated=scores > 0))
    assert list(plot["data"][0]["x"]) == [5, 10, 15, 20]
    assert not traces(plot, edge=True)


@pytest.mark.parametrize("y", ["learning_rate", "images_per_second", "memory_mb"])
def test_what_was_not_told_is_a_gap_without_a_mark(y: str) -> None:
    plot = figures.curve_plot(run(**{y: trouble(NAN)}), y=y)
    assert np.isnan(plot["data"][0]["y"]).sum() == 5
    assert not traces(plot, edge=True)


def test_divergence_is_marked_at_its_step_even_where_no_loss_was_ever_a_number() -> None:
    steps = pd.DataFrame({"run_id": "a", "step": range(1, 58), "loss": [*np.linspace(2, 1, 56), NAN]})
    plot = figures.curve_plot(steps, x="step", y="loss")
    [marker] = traces(plot, edge=True)
    assert (list(marker["x"]), marker["text"]) == ([57], ["no number from step 57 on"])
    plot = figures.curve_plot(steps.tail(1), x="step", y="loss")
    assert drawable(plot)
    assert not plot["layout"]["yaxis"]["showticklabels"], "there is no scale to read"


def test_a_group_is_broken_where_its_runs_are() -> None:
    both = pd.concat([run(test_loss=trouble(NAN)), run(run_id="b", test_loss=2.0)])
    runs = pd.DataFrame({"id": ["a", "b"], "kernel": "x"})
    plot = figures.curve_plot(both, runs, y="test_loss", group="kernel")
    band, mean = traces(plot)
    assert np.isfinite(mean["y"]).all()
    assert list(mean["y"][7:12]) == [2.0] * 5, "over the one run that is there"
    assert np.isnan(band["y"]).sum() == 1
    assert not {8, 9, 10, 11, 12} & set(band["x"]), "one run alone has no interval"
    [marker] = traces(plot, edge=True)
    assert list(marker["x"]) == [8]


def test_the_smallest_and_the_largest_loss_of_a_stride_are_drawn() -> None:
    steps = pd.DataFrame({"run_id": "a", "step": range(47, 93_801, 47), "loss": 1.0})
    steps = steps.assign(loss_min=0.9, loss_max=1.1)
    steps.loc[1000, "loss_max"] = 55.0
    plot = figures.curve_plot(steps, x="step", y="loss", spread=("loss_min", "loss_max"))
    assert max(np.nanmax(trace["y"]) for trace in plot["data"]) == 55.0
    strokes = plot["data"][0]
    assert len(strokes["x"]) == 3 * len(steps)
    single = figures.curve_plot(
        steps.assign(loss_min=1.0, loss_max=1.0), x="step", y="loss", spread=("loss_min", "loss_max")
    )
    assert len(single["data"]) == 1, "where a point is one step there is no spread"


@pytest.mark.parametrize("y", ["error_percent", "test_loss", "train_loss", "accuracy", "f1"])
@pytest.mark.parametrize("smoothing", [0.0, 0.6])
def test_zero_on_a_logarithmic_axis_stands_at_its_edge(y: str, smoothing: float) -> None:
    values = np.concatenate([np.linspace(5, 1, 18) / 10, [0.0, 0.0]])
    plot = figures.curve_plot(run(**{y: values}), y=y, log_y=True, smoothing=smoothing)
    drawn = np.concatenate([np.asarray(trace["y"]) for trace in traces(plot)])
    assert (drawn[np.isfinite(drawn)] > 0).all()
    if not smoothing:
        [marker] = traces(plot, edge=True)
        assert (list(marker["x"]), list(marker["y"])) == ([19, 20], [0, 0])
    assert edges.CLIPPED in plot["layout"]["yaxis"]["title"]["text"]
    assert edges.CLIPPED not in figures.curve_plot(run(**{y: values}), y=y)["layout"]["yaxis"]["title"]["text"]


def test_a_band_below_zero_ends_at_the_axis_and_is_no_wedge() -> None:
    both = pd.concat([run(error_percent=np.linspace(9, 1, 20)), run(run_id="b", error_percent=np.linspace(8, 0.1, 20))])
    runs = pd.DataFrame({"id": ["a", "b"], "kernel": "x"})
    band, _ = traces(figures.curve_plot(both, runs, y="error_percent", group="kernel", log_y=True))
    assert (band["y"] > 0).all()
    assert len(band["y"]) == 40


@pytest.mark.parametrize("log", [False, True])
def test_a_bar_of_nothing_and_a_whisker_below_zero_stay_in_sight(log: bool) -> None:
    series = [Series("ours", [0.0, 4.0], [0.0, -1.0], [1.0, 9.0]), Series("other", [None, 2.0])]
    figure = figures.bars(["a", "b"], series, y="Error", log_y=log)
    measured = figure.data[0]
    assert list(measured.customdata) == [0.0, 4.0]
    assert (edges.CLIPPED in figure.layout.yaxis.title.text) == log
    if log:
        assert measured.y[0] > 0
        assert measured.text[0] == "▽"
        assert (np.asarray(measured.y) - np.asarray(measured.error_y.arrayminus) > 0).all()


EMPTY = pd.DataFrame({"run_id": [], "epoch": [], "accuracy": []})
POINTS = pd.DataFrame(columns=["label", "family", "parameters", "accuracy", "published"])
NOTHING = {
    "curves": lambda: figures.curve_plot(EMPTY),
    "curves of no value": lambda: figures.curve_plot(run(accuracy=NAN, evaluated=False)),
    "curves of runs that are not there": lambda: figures.curve_plot(run(), pd.DataFrame({"id": [], "title": []})),
    "a column that was never told": lambda: figures.curve_plot(run(memory_mb=NAN), y="memory_mb"),
    "bars": lambda: figures.bars([], []),
    "bars of gaps": lambda: figures.bars(["a"], [Series("ours", [None])]),
    "bars of gaps, logarithmic": lambda: figures.bars(["a"], [Series("ours", [NAN])], log_y=True),
    "probabilities": lambda: figures.probabilities({}, ["a", "b"]),
    "confusion": lambda: figures.confusion(np.zeros((0, 0), int), []),
    "confusion difference": lambda: figures.confusion_difference(np.zeros((0, 0), int), np.zeros((0, 0), int), []),
    "class counts": lambda: figures.class_counts([], {"Training": [], "Test": []}),
    "accuracy against size": lambda: figures.accuracy_against_size(POINTS),
    "kernels' shapes": lambda: kernels.shapes(pd.DataFrame(columns=["kernel", "x", "y"]), str, x="x", y="y"),
    "kernels' cost": lambda: kernels.cost(pd.DataFrame(columns=["series", "tokens", "milliseconds"]), str),
    "favor": lambda: kernels.favor(pd.DataFrame(columns=["orthogonal", "features", "error", "low", "high"])),
}


@pytest.mark.parametrize("name", NOTHING)
def test_no_figure_is_drawn_of_nothing(name: str) -> None:
    assert not drawable(NOTHING[name]())
    assert plain(NOTHING[name]()) == {"data": [], "layout": {}}


def test_figures_of_something_are_drawn() -> None:
    points = pd.DataFrame({"label": ["a"], "family": "x", "parameters": 10, "accuracy": 90.0})
    for figure in (
        figures.curve_plot(run()),
        figures.curves(run()),
        figures.bars(["a"], [Series("ours", [1.0])]),
        figures.bars(["a"], [Series("ours", [0.0])], log_y=True),
        figures.probabilities({"m": [0.5, 0.5]}, ["a", "b"]),
        figures.confusion(np.zeros((2, 2), int), ["a", "b"]),
        figures.accuracy_against_size(points),
    ):
        assert drawable(figure)


def test_every_figure_function_is_asked_for_nothing() -> None:
    made = {
        "confusion",
        "confusion_difference",
        "curve_plot",
        "curves",
        "bars",
        "probabilities",
        "accuracy_against_size",
        "class_counts",
    }
    drawing = {name for name in figures.__all__ if name.islower() and callable(getattr(figures, name))}
    rest = {"color", "colors", "dash", "drawable", "faint", "most_confused", "overlay", "parallel", "pareto"}
    assert drawing == made | rest, "a new figure belongs into NOTHING, or among those that make none of nothing"
