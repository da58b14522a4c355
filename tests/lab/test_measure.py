"""The background measurement: real processes, a real journal, one at a time, stopped when asked."""

import os

import pytest
import torch

from tests.runs.processes import PATIENCE, end_all, started_here, wait_until
from vitcore import processes
from vitcore.errors import UserError
from vitcore.lab import measure, measurements, plan
from vitcore.lab.plan import Plan
from vitcore.lab.timing import point
from vitcore.layers.attention import EXPLICIT_TOKENS
from vitcore.runs import journal, locks
from vitcore.runs.folder import Results

SHORT = Plan(series=("softmax", "relu"), head_widths=(8,), tokens=(17, 33), device="cpu")
LONG = Plan(series=plan.SERIES, head_widths=(8, 16, 32, 64), tokens=(17, 33, 65), device="cpu")


def test_a_measurement_runs_to_its_end_and_is_kept(results: Results) -> None:
    measure.start(results, SHORT)
    assert measure.await_start(results, PATIENCE)
    wait_until(lambda: not measure.measuring(results), "the measurement has ended")
    found = measurements.latest(results)
    assert found is not None
    assert (found.status, found.progress) == ("finished", 1.0)
    assert {(row.series, row.tokens) for row in found.points.itertuples()} == {
        (series, tokens) for series in SHORT.series for tokens in SHORT.tokens
    }
    assert (found.points[["forward_ms", "backward_ms", "memory_bytes"]] > 0).all().all()
    assert found.about["device"] == "cpu"
    assert found.about["threads"] >= 1
    assert found.about["host"]["torch"] == torch.__version__


def test_one_measures_at_a_time_and_stops_when_asked(results: Results) -> None:
    measure.start(results, LONG)
    assert measure.await_start(results, PATIENCE)
    measure.start(results, LONG)  # finds the other and goes
    wait_until(lambda: len(list(started_here(results))) == 1, "the second has gone")
    assert len(measure.journals(results)) <= 1
    measure.stop(results)
    wait_until(lambda: not measure.measuring(results), "it has stopped")
    found = measurements.latest(results)
    assert found is None or found.status == "stopped"
    end_all(results)


def test_a_second_start_leaves_the_firsts_stop_request_and_log(results: Results) -> None:
    """A stop that was asked of the first is obeyed although a second start came between."""
    measure.start(results, LONG)
    assert measure.await_start(results, PATIENCE)
    with (measure.folder(results) / "measure.log").open("ab") as log:
        log.write(b"the first speaks\n")
    with locks.lock(results.locks / "run-cpu.lock").acquire(timeout=PATIENCE):  # the first waits between two points
        measure.stop(results)
        measure.start(results, LONG)
        assert measure.measuring(results)
    wait_until(lambda: not measure.measuring(results), "the first has stopped")
    wait_until(lambda: not list(started_here(results)), "the second has gone")
    found = measurements.latest(results)
    assert found is None or found.status == "stopped"
    assert b"the first speaks" in (measure.folder(results) / "measure.log").read_bytes()
    end_all(results)


def test_only_what_was_asked_after_the_start_stops_it(results: Results) -> None:
    measure.folder(results).mkdir(parents=True)
    measure.stop(results)
    asked = measure._asked(results)
    for before, status in ((asked - 1, "stopped"), (asked, "finished")):
        measure.stop(results)
        os.utime(measure.folder(results) / "stop", ns=(asked, asked))
        measure._measure(results, Plan(series=("relu",), head_widths=(8,), tokens=(17,), device="cpu"), before)
        [messages] = measure.journals(results)
        assert journal.read(messages)[0][-1]["status"] == status
        messages.unlink()


def test_the_log_is_bounded_unless_another_writes_it(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "start", lambda *_, **__: None)
    monkeypatch.setattr(processes, "forget", lambda _: None)
    measure.folder(results).mkdir(parents=True)
    log = measure.folder(results) / "measure.log"
    log.write_bytes(bytes(measure._LOG_BYTES + 1))
    with locks.lock(measure._alive(results)).acquire(timeout=5):
        measure.start(results, SHORT)
        assert log.stat().st_size == measure._LOG_BYTES + 1
    measure.start(results, SHORT)
    assert log.stat().st_size == 0


def test_it_waits_while_a_run_trains(results: Results) -> None:
    with locks.lock(results.locks / "run-cpu.lock").acquire(timeout=5):
        measure.start(results, SHORT)
        assert measure.await_start(results, PATIENCE)
        wait_until(lambda: measurements.latest(results), "it has begun")
        waiting = measurements.latest(results)
        assert waiting is not None
        assert (waiting.status, len(waiting.points)) == ("running", 0)
    wait_until(lambda: not measure.measuring(results), "it has gone on to the end")
    found = measurements.latest(results)
    assert found is not None
    assert found.status == "finished"


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        (Plan(series=("gpt",)), "gpt"),
        (Plan(series=()), "nothing"),
        (Plan(tokens=(1_000_000,)), "1,000,000"),
        (Plan(head_widths=(0,)), "0"),
    ],
)
def test_a_plan_that_cannot_be_measured_is_refused(results: Results, plan: Plan, named: str) -> None:
    with pytest.raises(UserError, match=named):
        measure.start(results, plan)
    assert not measure.measuring(results)


@pytest.mark.parametrize("series", plan.SERIES)
def test_every_series_can_be_measured(series: str) -> None:
    found = point(series, 8, 17, torch.device("cpu"))
    assert min(found.values()) > 0


def test_memory_is_what_the_tensors_take() -> None:
    """Softmax by two products holds n x n weights, nine times as many for three times the tokens; ReLU holds none."""
    lengths = (EXPLICIT_TOKENS // 3, EXPLICIT_TOKENS)
    few, many = (point("softmax", 8, tokens, torch.device("cpu"))["memory_bytes"] for tokens in lengths)
    assert 5 < many / few < 10
    few, many = (point("relu", 8, tokens, torch.device("cpu"))["memory_bytes"] for tokens in lengths)
    assert 2.5 < many / few < 3.5
