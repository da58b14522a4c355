"""The Kernels page's numbers: shapes, FAVOR+'s error, kernels that are one function, and the measured crossovers."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vitcore.figures import kernels as figures
from vitcore.lab import approximation, measure, measurements
from vitcore.layers.kernels import KERNELS
from vitcore.reproduction.verdicts import published_floor
from vitcore.runs import journal, locks
from vitcore.runs.folder import Results


def test_every_kernel_has_a_shape() -> None:
    features = approximation.feature_curves(list(KERNELS))
    assert set(features["kernel"]) == set(KERNELS) - {"softmax"}
    assert (features["y"] >= 0).all()
    weights = approximation.weight_curves(list(KERNELS))
    assert set(weights["kernel"]) == set(KERNELS)
    for _, line in weights.groupby("kernel"):
        assert line["y"].iloc[-1] == 1
    exact = weights[weights["kernel"] == "softmax"]
    np.testing.assert_allclose(exact["y"], np.exp(exact["x"] - exact["x"].max()), rtol=1e-5)
    even = weights[weights["kernel"] == "x^4"]["y"].to_numpy()
    np.testing.assert_allclose(even, even[::-1], rtol=1e-4)


def test_favor_comes_nearer_with_more_features() -> None:
    errors = approximation.favor_error(scale=0.25).set_index(["orthogonal", "features"])["error"]
    for orthogonal in (True, False):
        line = errors[orthogonal]
        assert line[32] == pytest.approx(0.11, rel=0.35)  # measured once against a reference, d = 32
        assert line[256] == pytest.approx(0.04, rel=0.35)
        assert line[4096] < 0.02
        assert (line.to_numpy()[2:] < line.to_numpy()[:-2]).all()
    assert errors[True].mean() < errors[False].mean()


def test_favor_is_measured_against_attention_that_looks_at_nothing() -> None:
    """At a scale where the two can be told apart: few features err more than uniform attention, many far less."""
    assert approximation.uniform_error(scale=0.25) == pytest.approx(0.057, rel=0.05)
    uniform = approximation.uniform_error()
    line = approximation.favor_error(draws=2).set_index(["orthogonal", "features"])["error"][True]
    assert line[64] > 1.2 * uniform
    assert line[4096] < uniform / 3
    shown = [trace for trace in figures.favor(approximation.favor_error(counts=(8, 16), draws=2), uniform).data]
    assert list(next(trace for trace in shown if trace.name == "uniform attention").y) == [uniform, uniform]


@pytest.mark.parametrize(("first", "second"), [("x^4", "max(x^4,0)"), ("x^2", "max(x^2,0)")])
def test_the_same_function_agrees_bit_for_bit(first: str, second: str) -> None:
    found = approximation.agreement(first, second, numbers=200_000)
    assert (found.compared, found.different, found.largest) == (200_000, 0, 0.0)


@pytest.mark.parametrize(("first", "second"), [("x^4", "max(x,0)^4"), ("x^2", "relu"), ("x^2", "x^4")])
def test_other_functions_do_not(first: str, second: str) -> None:
    assert approximation.agreement(first, second, numbers=10_000).different > 1_000


def test_the_reports_pairs_are_what_its_noise_is_made_of() -> None:
    pairs = approximation.same_pairs()
    assert len(pairs) == 14 == published_floor("performer").degrees
    item = pairs.iloc[0]
    assert (item["first_error"], item["second_error"]) == (2.10, 3.47)
    deviation = math.sqrt((pairs["apart"] ** 2).sum() / 2 / len(pairs))
    assert deviation == pytest.approx(published_floor("performer").deviation)
    assert deviation == pytest.approx(1.4, abs=0.05)


def points(**curves: list[float]) -> pd.DataFrame:
    """A table of measured points at 16, 64, 256 tokens, 32 wide."""
    rows = [
        {"series": series, "head_width": 32, "tokens": tokens, "milliseconds": time}
        for series, times in curves.items()
        for tokens, time in zip((16, 64, 256), times, strict=True)
    ]
    return pd.DataFrame(rows)


def test_a_crossover_lies_where_straight_lines_meet() -> None:
    [found] = measurements.crossovers(points(softmax=[1, 16, 256], relu=[4, 16 * 4 / 16, 16]))
    # On logarithmic axes softmax / relu goes from 1/4 to 4 between 16 and 64 tokens: equal halfway, at 32.
    assert found.tokens == pytest.approx(32)
    assert found.milliseconds == pytest.approx(4)
    assert found.factor == 16
    assert "32" in found.words


def test_a_crossover_counts_only_when_the_kernel_stays_ahead() -> None:
    never, back, always = measurements.crossovers(
        points(softmax=[1, 2, 4], relu=[2, 4, 8], **{"x^2": [0.5, 3, 2], "x^4": [0.5, 1, 2]})
    )
    assert math.isnan(never.tokens)
    assert "nowhere" in never.words
    assert 64 < back.tokens < 256
    assert (always.tokens, always.always) == (16, True)
    assert measurements.crossovers(points(relu=[1, 2, 3])) == []


def test_the_verdict_at_few_tokens_follows_the_times() -> None:
    [pays] = measurements.verdict(points(softmax=[1, 4, 9], relu=[1, 2, 3]), 64)
    [not_worth] = measurements.verdict(points(softmax=[1, 4, 9], relu=[1, 6, 3]), 64)
    assert "**pays**" in pays
    assert "50%" in pays
    assert "does not pay" in not_worth
    assert measurements.verdict(points(softmax=[1, 4, 9]), 64) == []


def test_a_broken_or_empty_journal_is_passed_over(tmp_path: Path) -> None:
    results = Results(tmp_path)
    assert measurements.latest(results) is None
    folder = measure.folder(results)
    folder.mkdir(parents=True)
    good = journal.Journal(folder / "20260101-000000-aaaa.jsonl")
    good.append({"event": "started", "points": 2, "threads": 1, "host": {"torch": "2", "cpu": "P"}})
    good.append({"event": "point", "series": "softmax", "head_width": 32, "tokens": 17, "forward_ms": 1.0,
                 "backward_ms": 2.0, "memory_bytes": 3, "batch": 1})  # fmt: skip
    good.close()
    (folder / "20260102-000000-bbbb.jsonl").write_bytes(b'\xff{"event": "started"\n[]\n')
    found = measurements.latest(results)
    assert found is not None
    assert found.status == "interrupted"
    assert found.progress == 0.5
    assert list(found.points["milliseconds"]) == [3.0]
    assert "P, 1 thread, torch 2" in found.place
    with locks.lock(results.locks / "measure.lock").acquire(timeout=5):
        again = measurements.latest(results)
        assert again is not None
        assert again.status == "running"


def test_figures_hold_what_they_are_given() -> None:
    shapes = figures.shapes(approximation.feature_curves(["relu", "x^4", "max(x^4,0)"]), str, x="x", y="y")
    assert [trace.name for trace in shapes.data] == ["relu", "x^4", "max(x^4,0)"]
    errors = approximation.favor_error(counts=(8, 16), draws=2)
    lines = [trace for trace in figures.favor(errors).data if trace.showlegend is not False]
    assert [list(line.y) for line in lines] == [
        list(errors[errors["orthogonal"] == item]["error"]) for item in (True, False)
    ]
    measured = points(softmax=[1, 16, 256], relu=[4, 4, 16])
    drawn = figures.cost(measured, measurements.label, crossings=[("relu", 32.0, 4.0), ("x^2", math.nan, math.nan)])
    assert [len(trace.x) for trace in drawn.data] == [3, 3, 1]
    assert drawn.layout.xaxis.type == drawn.layout.yaxis.type == "log"


def test_a_whole_measurement_is_shown_before_a_newer_broken_one(tmp_path: Path) -> None:
    results = Results(tmp_path)
    measure.folder(results).mkdir(parents=True)
    line = {"event": "point", "series": "relu", "head_width": 32, "tokens": 17, "forward_ms": 1.0, "backward_ms": 2.0}
    for name, status in (("20260101-000000-aaaa", "finished"), ("20260102-000000-bbbb", "stopped")):
        lines = journal.Journal(measure.folder(results) / f"{name}.jsonl")
        lines.append({"event": "started", "points": 1})
        lines.append({**line, "memory_bytes": 3, "batch": 1})
        lines.append({"event": "ended", "status": status})
        lines.close()
    found = measurements.latest(results)
    assert found is not None
    assert found.status == "finished"


def test_no_line_of_a_measurement_is_trusted(tmp_path: Path) -> None:
    results = Results(tmp_path)
    (tmp_path / "measurements").mkdir()
    whole = dict(zip(measurements.COLUMNS, ("softmax", 32, 17, 1.5, 2.5, 4, 1), strict=True)) | {"event": "point"}
    values: tuple[object, ...] = ([], float("nan"), 10**400)
    odd = [{**whole, name: value} for name in measurements.COLUMNS for value in values]
    started = {"event": "started", "at": 1e300, "host": [1], "threads": "two", "points": [3], "device": 5}
    lines = [started, whole, *odd, {"event": "ended", "status": "finished"}]
    (tmp_path / "measurements" / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = measurements.latest(results)
    assert found is not None
    assert found.points["tokens"].tolist() == [17]
    assert found.place.startswith("1 thread")
    assert found.moment.year == 1970
    assert found.progress == 1
    measurements.crossovers(found.points)
