"""Figures: what is drawn, that colors tell apart, that a redraw keeps its traces."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from vitcore import figures
from vitcore.figures import PALETTE, Series
from vitcore.figures.reliability import reliability_diagram
from vitcore.figures.robustness import error_against_severity
from vitcore.statistics.calibration import reliability
from vitcore.statistics.intervals import typical_interval

EPOCHS = pd.concat(
    [
        pd.DataFrame(
            {
                "run_id": run,
                "epoch": range(1, 11),
                "accuracy": np.linspace(0.1, 0.9, 10) + place / 100,
                "images_seen": np.arange(1, 11) * 1000,
                "training_seconds": np.arange(1, 11) * (5.0 + place),
                "cpu_seconds": np.arange(1, 11) * 9.0,
            }
        )
        for place, run in enumerate(["a", "b", "c"])
    ]
)
RUNS = pd.DataFrame(
    {"id": ["a", "b", "c"], "title": ["A", "B", "B"], "kernel": ["x", "y", "y"], "macs": [1e6, 2e6, 2e6]}
).assign(steps_per_epoch=50)


def _linear(color: str) -> np.ndarray:
    part = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def _oklab(linear: np.ndarray) -> np.ndarray:
    to_lms = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
    to_lab = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    return to_lab @ np.cbrt(to_lms @ np.clip(linear, 0, 1))


SIGHT = {  # Machado et al. 2009, severity 1
    "all cones": np.eye(3),
    "no red cones": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green cones": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "no blue cones": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_colors_of_the_palette_tell_apart(sight: str) -> None:
    known = [_oklab(SIGHT[sight] @ _linear(color)) for color in PALETTE]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(known, 2)) > 0.05


@pytest.mark.parametrize("page", ["#ffffff", "#0e1117"])
def test_the_palette_stands_out_from_a_light_and_a_dark_page(page: str) -> None:
    luminance = np.array([0.2126, 0.7152, 0.0722])
    behind = _linear(page) @ luminance + 0.05
    for color in PALETTE:
        front = _linear(color) @ luminance + 0.05
        assert max(front, behind) / min(front, behind) >= 2.4, color


@pytest.mark.parametrize("x", figures.X_AXES)
def test_a_curve_runs_over_every_axis(x: str) -> None:
    figure = figures.curves(EPOCHS, RUNS, x=x)
    assert len(figure.data) == 3
    assert figure.layout.xaxis.title.text == figures.X_AXES[x]
    if x == "macs":
        assert list(figure.data[1].x[:1]) == [1000 * 2e6 * 3]


def test_a_group_is_its_median_with_a_band() -> None:
    figure = figures.curves(EPOCHS, RUNS, group="kernel")
    single, band, mean = figure.data
    assert list(mean.y) == pytest.approx(np.linspace(0.1, 0.9, 10) + 0.015)
    assert "n = 2" in mean.name
    assert "n = 1" in single.name
    assert len(band.y) == 20


def test_a_group_over_seconds_says_how_many_are_there() -> None:
    mean = figures.curves(EPOCHS, RUNS, x="training_seconds", group="kernel").data[-1]
    assert (min(mean.x), max(mean.x)) == (6, 70)
    assert mean.name == "y · n = 1 to 2"
    messages = dict(zip(mean.x, mean.customdata, strict=True))
    assert messages[60].endswith("(n = 2)")
    assert messages[70] == " (n = 1)", "the other run has ended and is not drawn on"
    assert mean.y[-1] == pytest.approx(0.92)


def test_a_run_that_was_cut_shortens_no_mean() -> None:
    epochs = EPOCHS[(EPOCHS["run_id"] != "c") | (EPOCHS["epoch"] == 1)]
    band, mean = figures.curves(epochs, RUNS, group="kernel").data[1:]
    assert list(mean.x) == list(range(1, 11))
    assert list(mean.customdata[1:]) == [" (n = 1)"] * 9
    assert mean.y[1:] == pytest.approx(np.linspace(0.1, 0.9, 10)[1:] + 0.01)
    assert set(band.x) == {1}


@pytest.mark.parametrize(("y", "top"), [("accuracy", 1.0), ("error_percent", 100.0), ("test_loss", np.inf)])
@pytest.mark.parametrize("count", [2, 3, 8])
def test_no_band_reaches_beyond_what_its_metric_can_be(y: str, top: float, count: int) -> None:
    random = np.random.default_rng(0)
    values = {run: min(top, 100.0) * random.beta(0.3, 4, 10) for run in "abcdefgh"[:count]}
    epochs = pd.concat(pd.DataFrame({"run_id": run, "epoch": range(1, 11), y: values[run]}) for run in values)
    runs = pd.DataFrame({"id": list(values), "kernel": "x", "test_samples": 360})
    band, line = figures.curves(epochs, runs, y=y, group="kernel").data
    assert (band.y >= 0).all()
    assert (band.y <= top).all()
    assert list(line.y) == pytest.approx(np.median(list(values.values()), axis=0))
    high, low = band.y[:10], band.y[10:][::-1]
    assert (low <= line.y).all()
    assert (line.y <= high).all()


def test_a_band_is_the_interval_of_the_tables() -> None:
    """The last point of a curve and the cell of a table tell one interval, the test set's own luck included."""
    errors = [2.0, 2.4, 3.1]
    epochs = pd.DataFrame({"run_id": ["a", "b", "c"], "epoch": 1, "error_percent": errors})
    runs = pd.DataFrame({"id": ["a", "b", "c"], "kernel": "x", "test_samples": 360, "val_samples": 40})
    band, line = figures.curves(epochs, runs, y="error_percent", group="kernel").data
    known = typical_interval(errors, images=360)
    assert [line.y[0], band.y[1], band.y[0]] == pytest.approx([*known])
    assert line.customdata[0] == f" [{known.low:.4g} to {known.high:.4g}] (n = 3)"
    held_out = epochs.rename(columns={"error_percent": "held_out_error"})
    band, _ = figures.curves(held_out, runs, y="held_out_error", group="kernel").data
    assert list(band.y[::-1]) == pytest.approx(typical_interval(errors, images=40)[1:])


def test_where_no_run_is_there_nothing_is_drawn() -> None:
    seconds = {"a": (1.0, 2.0), "b": (10.0, 20.0), "c": (15.0, 25.0)}
    epochs = pd.concat(
        pd.DataFrame({"run_id": run, "epoch": [1, 2], "training_seconds": both, "accuracy": [0.5, 0.7]})
        for run, both in seconds.items()
    )
    band, mean = figures.curves(epochs, RUNS.assign(kernel="x"), x="training_seconds", group="kernel").data
    for x, y, messages in zip(mean.x, mean.y, mean.customdata, strict=True):
        there = sum(first <= x <= last for first, last in seconds.values())
        assert messages.endswith(f"(n = {there})")
        assert np.isnan(y) == (there == 0)
    assert mean.connectgaps is False
    assert min(band.x) >= 15
    assert max(band.x) <= 20


def test_a_value_that_is_no_number_is_not_averaged_and_not_filled_in() -> None:
    epochs = EPOCHS.assign(
        accuracy=EPOCHS["accuracy"].where((EPOCHS["run_id"] != "c") | (EPOCHS["epoch"] != 5), np.inf)
    )
    for smoothing in (0.0, 0.5):
        *_, mean, marker = figures.curves(epochs, RUNS, group="kernel", smoothing=smoothing).data
        assert list(marker.x) == [5], "it is said where it was"
        assert np.isfinite(mean.y).all()
        assert mean.customdata[4] == " (n = 1)"
        assert mean.customdata[5].endswith("(n = 2)")


@pytest.mark.parametrize("y", ["f1", "accuracy"])
def test_ticks_of_shares_have_as_many_digits_as_tell_them_apart(y: str) -> None:
    figure = figures.curves(EPOCHS.assign(f1=0.0181 + EPOCHS["epoch"] / 1e5), RUNS, y=y)
    assert figure.layout.yaxis.tickformat == ".6~%"  # digits that say nothing are left out; of "1.81%" none is
    assert figures.probabilities({"one": [0.5, 0.5]}, ["a", "b"]).layout.xaxis.tickformat == ".6~%"


def test_smoothing_leaves_the_raw_line_behind() -> None:
    raw, smooth = figures.curves(EPOCHS[EPOCHS["run_id"] == "a"], RUNS, smoothing=0.6).data
    assert smooth.y[-1] < raw.y[-1]
    assert smooth.y[0] == raw.y[0]
    with pytest.raises(ValueError, match="below 1"):
        figures.curves(EPOCHS, RUNS, smoothing=1.0)
    with pytest.raises(ValueError, match="no axis 'moon'"):
        figures.curves(EPOCHS, RUNS, x="moon")


def test_runs_of_one_title_are_told_apart_and_epochs_without_a_value_are_left_out() -> None:
    epochs = EPOCHS.assign(accuracy=EPOCHS["accuracy"].where(EPOCHS["epoch"] % 5 == 0))
    figure = figures.curves(epochs, RUNS)
    assert len({trace.name for trace in figure.data}) == 3
    assert [list(trace.x) for trace in figure.data] == [[5, 10]] * 3


def test_a_redraw_keeps_its_traces_and_their_names_are_selectors() -> None:
    before, after = figures.curves(EPOCHS[EPOCHS["epoch"] < 4], RUNS), figures.curves(EPOCHS, RUNS)
    assert [t.uid for t in before.data] == [t.uid for t in after.data]
    assert before.layout.uirevision == after.layout.uirevision
    drawn = [*after.data, *figures.bars(["a"], [Series("x⁴: max(x,0)", [1.0])]).data]
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", trace.uid) for trace in drawn)
    assert len({trace.uid for trace in after.data}) == 3


def test_a_name_is_text_and_not_markup() -> None:
    runs = RUNS.assign(title=["<a href='x'>A</a>", "B", "C"])
    assert "<a" not in figures.curves(EPOCHS, runs).data[0].name


@pytest.mark.parametrize("normalize", [False, True])
def test_ten_classes_are_written_in_the_cells(normalize: bool) -> None:
    matrix = np.diag([98] * 10) + 0
    matrix[3, 5] = 2
    heat = figures.confusion(matrix, list("0123456789"), normalize=normalize).data[0]
    assert heat.text[3][5] == ("2.0" if normalize else "2")
    assert heat.text[3][4] == ""
    assert heat.z[3][5] > 0.1, "a rare mistake must be seen"


def test_two_hundred_classes_are_drawn_without_a_heap_of_labels() -> None:
    figure = figures.confusion(np.eye(200, dtype=int), [f"class {n}" for n in range(200)])
    assert figure.data[0].text is None
    assert figure.layout.xaxis.showticklabels is False
    with pytest.raises(ValueError, match="3 x 3 does not go with 2 classes"):
        figures.confusion(np.eye(3, dtype=int), ["a", "b"])


def test_the_commonest_mistakes_come_first_and_an_empty_row_divides_by_nothing() -> None:
    matrix = np.array([[5, 4, 1], [0, 10, 0], [0, 0, 0]])
    found = figures.most_confused(matrix, ["a", "b", "c"])
    assert found.to_dict("records") == [
        {"true": "a", "predicted": "b", "images": 4, "share": 40.0},
        {"true": "a", "predicted": "c", "images": 1, "share": 10.0},
    ]
    assert np.isfinite(figures.confusion_difference(matrix, matrix.T, ["a", "b", "c"]).data[0].z).all()


def test_probabilities_keep_the_likeliest_of_many_classes() -> None:
    answer = [0.001] * 200
    answer[150] = 0.801
    figure = figures.probabilities({"one": answer, "two": answer}, [f"class {n}" for n in range(200)], most=5)
    assert len(figure.data) == 2
    assert len(figure.data[0].y) == 5
    assert "class 150" in figure.data[0].y


def test_bars_keep_gaps_and_draw_whiskers() -> None:
    figure = figures.bars(
        ["a", "b"], [Series("published", [1, 2], published=True), Series("ours", [None, 2], [None, 1], [None, 4])]
    )
    measured = figure.data[1]
    assert np.isnan(measured.y[0])
    assert (measured.error_y.array[1], measured.error_y.arrayminus[1]) == (2, 1)
    assert figure.data[0].marker.color != measured.marker.color


def test_the_pareto_front_holds_what_nothing_beats() -> None:
    points = pd.DataFrame(
        {"label": list("abcd"), "family": list("xxyy"), "parameters": [1, 2, 3, 3], "accuracy": [80, 90, 85, 95]}
    )
    assert list(figures.pareto(points, "parameters", "accuracy")["label"]) == ["a", "b", "d"]
    assert len(figures.accuracy_against_size(points).data) == 3


def test_many_points_are_named_by_hovering_alone() -> None:
    many = {"label": "a", "family": "x", "parameters": range(1, 61), "accuracy": range(20, 80), "chosen": True}
    figure = figures.accuracy_against_size(pd.DataFrame(many))
    assert set(figure.data[0].text) == {""}
    assert len(figure.data[0].hovertext) == len(figure.data[0].selectedpoints) == 60


def test_few_epochs_have_a_tick_each_and_no_fractions() -> None:
    assert figures.curves(EPOCHS[EPOCHS["epoch"] < 4], RUNS).layout.xaxis.dtick == 1
    assert figures.curves(EPOCHS, RUNS, x="images_seen").layout.xaxis.dtick is None


def test_errors_against_severity_and_reliability_keep_a_run_s_color_where_another_is_not_drawn() -> None:
    rows = [("b", severity, 5.0 * severity, 4.0, 6.0 + 5 * severity) for severity in range(3)]
    table = pd.DataFrame(rows, columns=["run", "severity", "error", "low", "high"])
    drawn = error_against_severity(table, {"a": "A", "b": "<b>"}, legend=True)
    band, line = drawn.data
    assert list(line.y) == [0, 5, 10]
    assert list(band.y) == [6, 11, 16, 4, 4, 4]
    assert line.name == "&lt;b&gt;"
    bins = reliability(np.array([0.2, 0.9, 0.95]), np.array([False, True, True]))
    _, other = error_against_severity(table, {"a": "A", "b": "B"}, places={"a": 3, "b": 6}).data
    assert other.line.color == figures.color(6)
    placed = reliability_diagram({"b": ("B", bins)}, places={"b": 5}).data[1]
    assert placed.line.color == figures.color(5)
    points = reliability_diagram({"a": ("A", []), "b": ("B", bins)}).data[1:]
    assert [each.line.color for each in points] == [line.line.color] == [figures.color(1)]
    assert list(points[0].x) == pytest.approx([0.2, 0.9, 0.95])


def test_class_counts_name_few_classes_and_rank_many() -> None:
    few = figures.class_counts(["b", "a"], {"train": [3, 5], "test": [1, 0]})
    assert [(list(trace.x), list(trace.y)) for trace in few.data] == [(["b", "a"], [3, 5]), (["b", "a"], [1, 0])]
    many = [f"<b>{number}" for number in range(200)]
    plot = figures.class_counts(many, {"train": list(range(200)), "test": list(range(200))[::-1]})
    assert [trace.type for trace in plot.data] == ["scatter", "scatter"]
    assert list(plot.data[0].y) == sorted(range(200), reverse=True)
    assert list(plot.data[1].y) == list(range(200))
    assert plot.data[0].customdata[0].endswith("199")
    assert "<b>" not in plot.data[0].customdata[0]
    with pytest.raises(ValueError, match="2 counts for 3 classes"):
        figures.class_counts(["a", "b", "c"], {"train": [1, 2, 3], "test": [1, 2]})


def test_the_names_of_the_outer_parallel_axes_have_room_beyond_them() -> None:
    runs = pd.DataFrame({"id": ["a", "b"], "seed": [0, 1], "error_percent": [3.0, 4.0]})
    names = {
        "seed": "a first axis with a name that is long",
        "error_percent": "Test error, last weights, and more of it",
    }
    margin = figures.parallel(runs, ["seed", "error_percent"], names).layout.margin
    assert margin.l >= 3.5 * len(names["seed"]), "of a name set in the middle half stands beside its axis"
    assert margin.r >= 3.5 * len(names["error_percent"])
