"""Result tables from stored runs: none, one and many a cell, failed, diverged and unreadable runs, protocols apart."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.stored_runs import stored
from vitcore.cost.estimate import CostEstimate
from vitcore.cost.speed import Measured, Speed, estimate, measure, network
from vitcore.errors import UserError
from vitcore.published.chains import command, takes
from vitcore.published.tables import table, tables
from vitcore.reproduction import exports
from vitcore.reproduction.comparisons import comparisons
from vitcore.reproduction.missing import missing
from vitcore.reproduction.paragraph import paragraph
from vitcore.reproduction.requests import requested
from vitcore.reproduction.tables import results
from vitcore.reproduction.verdicts import VOCABULARY, MeasuredCell, Verdict, judge_count, judge_result
from vitcore.spec import RunSpec, command_line, fields
from vitcore.statistics.intervals import Interval
from vitcore.statistics.scales import PERCENT, SHARE
from vitcore.statistics.spread import Spread

Frame = Callable[..., pd.DataFrame]
T1 = table("performer-table-1")


def spec(row: str, seed: int = 0, protocol: str = "scaled", key: str = "performer-table-1") -> RunSpec:
    column = "error" if key == "performer-table-1" else "10000-error"
    return table(key).spec(row, column, protocol, seed)


@pytest.mark.parametrize("item", tables().values(), ids=lambda item: item.key)
def test_without_a_run_every_result_says_not_run(item: Any, frame: Frame) -> None:
    for protocol in item.protocols:
        found = results(item, frame(), protocol)
        measured = [cell for cell in found.results if cell.metric.kind != "count"]
        assert {cell.judgment.verdict for cell in measured} <= {Verdict.NOT_RUN}
        assert paragraph(found, frame())
        assert exports.markdown(found).count("\n|") >= len(item.rows)
    with pytest.raises(UserError, match="no protocol 'imaginary'"):
        results(item, frame(), "imaginary")


def test_many_seeds_give_median_and_interval_and_one_is_too_few(frame: Frame) -> None:
    lines = [stored(spec("softmax", s), 6.0 + 0.1 * s) for s in range(3)] + [stored(spec("x4"), 2.0)]
    found = results(T1, frame(lines), "scaled")
    many, item = found.at("softmax", "error"), found.at("x4", "error")
    assert many.measured_text() == "6.10 [5.86, 6.35] (n = 3)"
    assert item.measured_text() == "2.00, too few to say (n = 1)"
    tested = results(T1, frame([{**line, "test_samples": 360} for line in lines]), "scaled").at("softmax", "error")
    assert tested.measured.high - tested.measured.low > many.measured.high - many.measured.low, "360 images tell less"


def test_a_scaled_run_tests_a_claim_and_never_a_number(frame: Frame) -> None:
    for value in tables().values():
        lines = [stored(made, 50.0) for made in requested([value.key], frame(), range(3), "scaled")[0]]
        for cell in results(value, frame(lines), "scaled").results:
            if cell.metric.kind != "count":
                assert cell.judgment.verdict in (Verdict.NOT_COMPARED, Verdict.NOT_PUBLISHED, Verdict.NOT_RUN)
                assert math.isnan(cell.difference)


def test_scaled_runs_never_fill_the_full_protocols_cells(frame: Frame) -> None:
    runs = frame([stored(spec("softmax"), 6.0)])
    assert results(T1, runs, "report").at("softmax", "error").judgment.verdict is Verdict.NOT_RUN
    full = frame([stored(spec("softmax", s, "report"), 6.0 + s / 10) for s in range(2)])
    assert results(T1, full, "report").at("softmax", "error").verdict == "open", "two seeds show no agreement"
    assert results(T1, full, "scaled").at("softmax", "error").judgment.verdict is Verdict.NOT_RUN


def test_failed_running_and_unreadable_runs_are_told_and_not_counted(frame: Frame) -> None:
    lines = [
        stored(spec("x2", 0), 3.0),
        stored(spec("x2", 1), math.nan, status="failed"),
        stored(spec("x2", 2), 50.0, status="running"),
        {**stored(spec("x2", 3), 1.0), "fingerprint": None, "seed": math.nan, "id": "spec-no-longer-validates"},
    ]
    cell = results(T1, frame(lines), "scaled").at("x2", "error")
    assert cell.measured_text() == "3.00, too few to say (n = 1); 1 failed, 1 running"
    failed = results(T1, frame(lines[1:2]), "scaled").at("x2", "error")
    assert failed.measured_text() == "1 failed"
    assert failed.judgment.verdict is Verdict.NOT_RUN


def test_a_seed_run_twice_counts_once_and_a_later_failure_does_not_hide_it(frame: Frame) -> None:
    lines = [
        {**stored(spec("x2"), 3.0), "id": "20260101-a"},
        {**stored(spec("x2"), 4.0), "id": "20260102-b"},
        {**stored(spec("x2"), math.nan, status="failed"), "id": "20260103-c"},
    ]
    cell = results(T1, frame(lines), "scaled").at("x2", "error")
    assert dict(cell.runs) == {0: "20260102-b"}
    assert cell.measured.center == 4


def test_divergence_is_an_outcome_of_its_own(frame: Frame) -> None:
    lines = [stored(spec("relu", s), 90.2, status="diverged") for s in range(2)]
    found = results(T1, frame(lines), "scaled")
    cell = found.at("relu", "error")
    assert cell.measured_text() == "2 of 2 diverged"
    assert cell.verdict == "diverged"
    assert math.isnan(cell.measured.center)
    assert (cell.divergence.center, cell.divergence.high) == (1, 1)
    text = " ".join(paragraph(found, frame(lines)))
    assert "Performer-ReLU diverged in 2 of 2 runs (100%, 95 %: 16% to 100%)" in text
    assert not missing(T1, frame(lines), range(2), "scaled", rows=["relu"]).specs, "its seeds need not run again"


def test_seconds_are_of_one_machine_and_never_judged(frame: Frame) -> None:
    lines = [stored(spec("x2", s), 3.0, machine="fast", training_seconds=10.0) for s in range(2)]
    lines += [stored(spec("x2", 5), 3.0, machine="slow", training_seconds=90.0)]
    found = results(T1, frame(lines), "scaled")
    time = found.at("x2", "time")
    assert time.machine == "fast"
    assert time.measured.center == 10
    assert time.judgment.verdict is Verdict.NOT_COMPARED
    assert math.isnan(time.difference)
    assert results(T1, frame(lines), "scaled", machine="slow").at("x2", "time").measured.center == 90


def test_a_row_that_is_an_epoch_reads_that_epoch(frame: Frame) -> None:
    hybrid = table("hybrid-figure-4")
    run = stored(hybrid.spec("1", "accuracy", "scaled"), 95.0)
    epochs = pd.DataFrame(
        {"run_id": run["id"], "epoch": [1, 2], "accuracy": [0.01, 0.02], "f1": [0.0, 0.01], "train_loss": [5.2, 5.0]}
    )
    found = results(hybrid, frame([run]), "scaled", epochs=epochs)
    assert found.at("2", "loss").measured.center == 5.0
    assert found.at("3", "accuracy").judgment.verdict is Verdict.NOT_RUN
    assert len(missing(hybrid, frame(), [0, 1], "scaled").specs) == 2, "five epochs are one run a seed"


def test_counts_are_exact_and_an_error_of_the_slides_shows() -> None:
    found = results(table("slides-table-1"), pd.DataFrame({"fingerprint": []}), "report")
    assert found.at("cct-7/3x1", "parameters").verdict == "agrees"
    assert found.at("cct-7/3x1", "parameters").center_text() == found.at("cct-7/3x1", "parameters").measured_text()
    assert found.at("cct-7/3x1", "parameters").center_text().endswith(" M"), "a number of parameters has its unit"
    assert found.at("cct-7/3x2", "macs").verdict == "differs"
    assert found.at("mobilenetv2/0.5", "macs").verdict == "agrees"
    fourth = results(table("slides-table-4"), pd.DataFrame({"fingerprint": []}), "scaled")
    assert {fourth.at(row, "parameters").verdict for row in ("vit-h", "cct-224")} == {"differs"}
    assert "JFT-300M" in fourth.at("vit-h", "top-1").judgment.why


def measured(center: float, count: int, variance: float = math.nan, degrees: float = 0.0) -> MeasuredCell:
    return MeasuredCell(Interval(center, math.nan, math.nan), count, PERCENT, variance, degrees, 10_000)


def test_verdicts_by_hand() -> None:
    """Against 6.09 %: spreads of one run, on log odds, of 0.05 and of 0.3; 14 degrees as the report's pairs have."""
    cell = T1.cell("softmax", "error")
    assert cell is not None
    close, wide = Spread(0.05**2, 14, 14), Spread(0.3**2, 14, 14)
    for center, count, other, verdict in (
        (6.2, 3, close, "agrees"),
        (6.2, 2, close, "open"),
        (6.2, 1, close, "open"),
        (6.2, 20, wide, "open"),
        (8.0, 3, close, "differs"),
        (8.0, 3, wide, "open"),
        (15.0, 3, wide, "differs"),
    ):
        judged = judge_result(cell, measured(center, count, 0.05**2, 4), other)
        assert judged.verdict == verdict, (center, count, other.variance)
    assert judge_result(cell, measured(6.5, 1)).verdict == "open", "nobody tells of any spread"
    assert judge_count(cell, 6.0951, "parameters").verdict == "agrees"
    assert judge_count(cell, 6.25, "parameters").verdict == "differs"
    assert judge_count(cell, 6.25, "macs").verdict == "agrees"


def test_one_and_a_half_percent_is_not_85() -> None:
    """One seed of 10,000 images, and no spread known on either side."""
    cell = table("hybrid-figure-4").cell("5", "accuracy")
    assert cell is not None
    measured = MeasuredCell(Interval(0.0152, math.nan, math.nan), 1, SHARE, images=10_000)
    assert judge_result(cell, measured).verdict == "differs"
    near = MeasuredCell(Interval(0.80, math.nan, math.nan), 1, SHARE, images=10_000)
    assert judge_result(cell, near).verdict == "open"


def test_a_bound_is_no_evidence_of_agreement() -> None:
    cell = table("cifar10-text").cell("vit", "accuracy")
    assert cell is not None
    assert cell.printed == "0.95"
    low = MeasuredCell(Interval(0.3, 0.28, 0.32), 3, SHARE, images=10_000)
    assert judge_result(cell, low).verdict == "open"
    assert "no evidence of agreement" in judge_result(cell, low).why
    assert judge_result(cell, replace(low, center=Interval(0.97, 0.965, 0.975))).verdict == "differs"


@pytest.mark.parametrize(("count", "verdict"), [(7.4, "differs"), (7.5, "agrees"), (8.5, "agrees"), (8.6, "differs")])
def test_about_8_million(count: float, verdict: str) -> None:
    cell = table("cifar10-text").cell("vit", "parameters")
    assert cell is not None
    assert judge_count(cell, count, "parameters").verdict == verdict


def test_every_verdict_is_explained_once() -> None:
    assert set(VOCABULARY) == set(Verdict)
    assert len(set(VOCABULARY.values())) == len(Verdict)


def test_missing_asks_once_for_a_run_and_again_for_what_failed(frame: Frame) -> None:
    assert len(missing(T1, frame(), [0, 1, 2], "scaled").specs) == 18, "error and seconds are one run"
    lines = [
        stored(spec("softmax", 0), 6.0),
        stored(spec("softmax", 1), math.nan, status="failed"),
        stored(spec("softmax", 2), math.nan, status="queued"),
    ]
    gaps = missing(T1, frame(lines), [0, 1, 2], "scaled", rows=["softmax"])
    assert [item.seed for item in gaps.specs] == [1]
    assert gaps.under_way == 1
    filled = frame([stored(item, 5.0) for item in missing(T1, frame(), [0], "scaled").specs])
    assert missing(T1, filled, [0], "scaled").specs == []
    cell = results(T1, filled, "scaled")
    assert all(result.values for result in cell.results), "what missing asks for is what the table finds"
    never = missing(table("slides-table-4"), frame(), [0], "report", rows=["vit-l"])
    assert "never public" in never.cannot[0][2]


def test_minutes_come_from_the_runs_most_alike(frame: Frame) -> None:
    gaps = missing(T1, frame(), [0], "scaled", rows=["softmax", "x4"]).specs
    assert math.isnan(estimate(gaps, frame()).minutes)
    assert "unknown" in str(estimate(gaps, frame()))
    lines = [stored(gaps[0], 6.0, training_seconds=120.0)]
    found = estimate(gaps[:1], frame(lines))
    assert found.minutes == pytest.approx((120 + 120 / 120_000 * 10_000 * 2 / 3) / 60)
    assert estimate(gaps, frame(lines)).unknown == 0, "another kernel of the same network tells enough"
    other = missing(table("slides-table-1"), frame(), [0], "scaled", rows=["cct-7/3x1"], columns=["cifar-10"]).specs
    assert estimate(other, frame(lines)).minutes > 0, "multiply-accumulates carry the speed to another network"
    assert estimate(gaps, frame(lines), machine="elsewhere").unknown == 2


def test_a_network_new_to_this_machine_is_guessed_and_can_be_measured(frame: Frame) -> None:
    gaps = missing(T1, frame(), [0, 1], "scaled", rows=["softmax", "x4"]).specs
    assert [network(spec)[1] for spec in estimate(gaps, frame()).guessed] == ["softmax", "x^4"], "each network once"
    lines = [stored(gaps[0], 6.0, training_seconds=120.0)]
    assert estimate(gaps, frame(lines)).guessed == []
    saved = frame(lines).assign(kept=True)
    there = estimate(gaps, saved)
    assert len(there.guessed) == 2, "another machine's speed is a guess here"
    assert str(there).startswith("perhaps")
    both = {network(spec): Measured(0.01, 50.0) for spec in gaps}
    messages = estimate(gaps[:1], saved, measured=both)
    assert messages.guessed == []
    assert messages.minutes == pytest.approx(0.01 * (120_000 + 10_000 * 2 / 3) / 60)


def test_a_run_that_diverged_tells_no_speed(frame: Frame) -> None:
    """It ends within its first epoch, which counts as done: it would look many times as quick."""
    lines = [stored(spec("softmax", 0), 6.0, training_seconds=120.0)]
    lines += [stored(spec("softmax", seed), 90.2, status="diverged", training_seconds=2.5) for seed in (1, 2)]
    assert Speed(frame(lines)).expected(spec("softmax", 3)) == CostEstimate(120.0, guessed=False)
    assert math.isnan(estimate([spec("softmax", 3)], frame(lines[1:])).minutes)


def test_a_new_network_is_guessed_by_those_of_its_size(frame: Frame) -> None:
    """A small network does far less arithmetic in a second: its speed tells little of a large one's."""
    small, large = (RunSpec.of(architecture=name, dataset="cifar-10", samples=1000) for name in ("cnn", "cct-7/3x1"))
    new = RunSpec.of(architecture="vit-lite-7/4", dataset="cifar-10", samples=1000)
    slow, quick = ({**stored(spec, 50.0), "macs": macs} for spec, macs in ((small, 1e6), (large, 1e9)))
    slow["training_seconds"], quick["training_seconds"] = (
        seconds * slow["epochs_done"] * 1000
        for seconds in (1e6 / 5e8, 1e9 / 1e10)  # of MACs in a second
    )
    alone, both = Speed(frame([slow]).astype(object)), Speed(frame([slow, quick]))
    times = [speed.seconds(new) or 0.0 for speed in (alone, both)]
    assert 5 < times[0] / times[1] < 20.001, "between the two, and much nearer to the one of its size"


def test_a_measurement_tells_seconds_for_a_image_and_memory() -> None:
    found = measure(RunSpec.of(architecture="cnn", dataset="digits", samples=64))
    assert 0 < found.seconds < 10
    assert 0.5 < found.memory_mb < 500


def test_what_is_expected_of_a_run_is_its_training_alone(frame: Frame) -> None:
    own = spec("softmax", 0)
    by_runs = Speed(frame([stored(own, 6.0, training_seconds=120.0)]))
    assert by_runs.expected(spec("softmax", 1)) == CostEstimate(120.0, guessed=False)
    assert by_runs.memory_mb(spec("softmax", 1)) == 400.0
    measured = Speed(frame(), measured={network(own): Measured(0.01, 50.0)})
    rows = (own.data.samples or 60_000) * own.training.epochs
    assert measured.expected(own) == CostEstimate(0.01 * rows, guessed=False)
    assert measured.memory_mb(own) == 50.0
    assert Speed(frame()).expected(own) is None
    assert Speed(frame()).memory_mb(own) is None
    larger = RunSpec.of(**{**own.flat(), "batch_size": 2 * own.training.batch_size})
    assert by_runs.memory_mb(larger) is None, "another batch size takes another amount"


def _seeds_of(errors: dict[str, list[float]]) -> list[dict[str, Any]]:
    return [stored(spec(row, seed), value) for row, values in errors.items() for seed, value in enumerate(values)]


def test_every_pair_is_compared_corrected_and_has_a_range_of_seeds(frame: Frame) -> None:
    random = np.random.default_rng(0)
    base = random.normal(6, 1, 6)
    runs = frame(
        _seeds_of(
            {
                "softmax": list(base),
                "x4": list(base - 3 + random.normal(0, 0.1, 6)),
                "x2": list(base + np.array([0.5, -0.3, 0.2, -0.4, 0.3, 0.1])),
                "max-x2": list(base),
            }
        )
    )
    found: Any = comparisons(results(T1, runs, "scaled"), runs)
    assert len(found) == 3, "of two rows that are one function only the first is compared"
    assert set(zip(found["row"], found["against"], strict=True)) == {
        ("Softmax (not Performized)", "X⁴"), ("Softmax (not Performized)", "x²"), ("X⁴", "x²"),
    }  # fmt: skip
    by = found.set_index(["row", "against"])
    first = by.loc["Softmax (not Performized)", "X⁴"]
    assert first["difference"] == pytest.approx(3, abs=0.3)
    assert first["p_holm"] < 0.001
    assert first["better"] == 0
    second = by.loc["Softmax (not Performized)", "x²"]
    assert second["p_holm"] > 0.05
    assert second["fewest_seeds"] > 0
    assert second["minutes"] > 0
    assert by.loc["X⁴", "x²"]["p_holm"] < 0.001, "not against the reference alone"


def test_columns_of_different_size_are_no_replicates(frame: Frame) -> None:
    """One seed in each of three columns makes no three pairs."""
    two = table("performer-table-2")
    lines = [
        stored(two.spec(row, column, "scaled"), error)
        for column in ("10000-error", "20000-error", "50000-error")
        for row, error in (("softmax", 9.0), ("x4", 3.0))
    ]
    text = " ".join(paragraph(results(two, frame(lines), "scaled"), frame(lines)))
    assert "cannot be said: no two of them have 3 seeds in common" in text


def test_the_paragraph_is_honest_either_way(frame: Frame) -> None:
    equal = frame(_seeds_of({row: [6.0, 6.5, 5.6] for row in ("softmax", "x4", "quad", "x2", "max-x2")}))
    text = " ".join(paragraph(results(T1, equal, "scaled"), equal))
    assert "agree exactly, seed by seed" in text
    assert "at 1.4 points" in text
    assert "scaled runs" in text
    apart = frame(_seeds_of({"softmax": [6.0, 6.5, 5.6, 6.1], "x4": [2.1, 2.5, 1.6, 2.0], "x2": [2.0, 2.4, 1.7, 2.1]}))
    text = " ".join(paragraph(results(T1, apart, "scaled"), apart))
    assert "The kernels differ (p = " in text
    assert "Softmax (not Performized) worse than X⁴ by +4.0" in text
    assert "over all 3 pairs of kernels, 2 differ" in text
    assert "Nothing of this table has been run" in " ".join(paragraph(results(T1, frame(), "scaled"), frame()))


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.0, "not shown to matter"), (2.0, "with it the error is higher in 3")]
)
def test_the_paragraph_says_whether_replacement_matters(frame: Frame, shift: float, verdict: str) -> None:
    lines: list[dict[str, Any]] = []
    for key, extra in (("performer-table-2", 0.0), ("performer-table-3", shift)):
        for place, column in enumerate(("10000-error", "20000-error", "50000-error")):
            for row, error in (("softmax", 6.0), ("x4", 5.5), ("x2", 5.8)):
                for seed in range(4):
                    item = table(key).spec(row, column, "scaled", seed)
                    lines.append(stored(item, error - place + extra + 0.1 * seed + 0.05 * (seed == place)))
    runs = frame(lines)
    second, third = (results(table(f"performer-table-{n}"), runs, "scaled") for n in (2, 3))
    assert verdict in " ".join(paragraph(second, runs, third))
    assert verdict in " ".join(paragraph(third, runs, second))


def test_exports_hold_every_cell_and_stay_whole(frame: Frame) -> None:
    found = results(T1, frame(_seeds_of({"softmax": [6.0, 6.4]})), "scaled")
    back = pd.read_csv(io.StringIO(exports.csv(found)))
    assert len(back) == 12
    assert back["published"].tolist() == [cell.value for cell in T1.cells]
    assert back.loc[0, "ours"] == pytest.approx(6.2)
    assert back["command"].str.startswith("python -m vitcore train").all()
    own = pd.read_csv(io.StringIO(exports.csv(results(T1, frame([]), "report"))))
    assert own["recipe_source"].str.startswith("the report's Methodology").all()
    head, rule, *body = [line for line in exports.markdown(found).splitlines() if line.startswith("|")]
    assert {line.count(" | ") for line in [head, *body]} == {8}
    assert rule.count("---|") == 9
    tex = exports.latex(found)
    assert r"Error (\%), published" in tex
    assert tex.count(r" \\") == 7
    assert next(iter(exports.layout(found, "ours")["Error (%)"])).startswith("6.20 [")


def test_a_cells_command_makes_that_cells_run() -> None:
    places = {field.name.replace("_", "-"): field for field in fields()}
    for value in tables().values():
        for row in value.rows:
            try:
                made = value.spec(row.key, value.columns[0].key, "scaled", seed=2)
            except UserError:
                continue
            if takes(made):  # no single run makes it
                assert command(made, value.key, row.key, "scaled").startswith(
                    f"python -m vitcore reports fill {value.key} --row {row.key} --protocol scaled"
                )
                continue
            read: dict[str, Any] = {}
            words = command_line(made).replace('"', "").split()[4:]
            while words:
                flag = words.pop(0).removeprefix("--")
                field = places[flag.removeprefix("no-")]
                read[field.name] = not flag.startswith("no-") if field.kind is bool else field.kind(words.pop(0))
            assert RunSpec.of(**read) == made


def test_what_is_true_of_all_cells_stands_in_the_heading_alone(frame: Frame) -> None:
    even = results(
        T1, frame([stored(spec(row, seed), 6.0 + seed) for row in ("softmax", "x4") for seed in (0, 1)]), "scaled"
    )
    assert exports.heading(even, "ours") == "Ours (scaled, n = 2, median [95 % interval])"
    assert exports.heading(even, "verdict") == "Verdict"
    assert exports.layout(even, "ours", brief=True)["Error (%)"][0].startswith("6.50 [")
    assert not any("scaled" in text for text in exports.layout(even, "verdict", brief=True)["Error (%)"])
    uneven = results(
        T1, frame([stored(spec("softmax", 0), 6.0), *(stored(spec("x4", n), 3.0) for n in (0, 1))]), "scaled"
    )
    assert exports.heading(uneven, "ours") == "Ours (scaled)"
    assert exports.layout(uneven, "ours", brief=True)["Error (%)"][0] == "6.00, too few to say (n = 1)"


def test_time_depends_on_the_batch_size(frame: Frame) -> None:
    """By a stored run of one size, by runs of several, and by another network's: never the same for all sizes."""
    measured = spec("softmax", 0)
    sizes = [RunSpec.of(**{**measured.flat(), "batch_size": size}) for size in (5, 64, 65_536)]
    own = stored(measured, 6.0, training_seconds=120.0)
    several = [
        {**stored(measured, 6.0, training_seconds=seconds), "batch_size": size}
        for size, seconds in ((8, 300.0), (64, 120.0))
    ]
    for runs in (frame([own]), frame(several), frame([own]).assign(kept=True)):
        minutes = [estimate([size], runs).minutes for size in sizes]
        assert minutes[0] > 1.1 * minutes[1] > minutes[1] > minutes[2] > 0
    exact = estimate([RunSpec.of(**{**measured.flat(), "batch_size": 8})], frame(several))
    assert exact.guessed == []
    assert Speed(frame(several)).expected(sizes[1]) == CostEstimate(120.0, guessed=False)
    assert len(estimate(sizes[:1], frame(several)).guessed) == 1, "a size that no run had can be measured"
    assert len({network(size) for size in sizes}) == 3
