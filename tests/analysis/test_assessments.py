"""Evaluations in the background: wished for, worked off, cancelled, killed and gone on with; never for a stranger."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psutil
import pytest

from tests.pages.texts import give_weights, tell
from tests.runs.processes import end_all, started_here, wait_until
from vitcore.analysis import assessments, assessor, robustness
from vitcore.errors import UserError
from vitcore.runs import locks, trash
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec

KIND = robustness.KIND


@pytest.fixture(autouse=True)
def nobody_is_left(results: Results) -> Iterator[None]:
    yield
    end_all(results)


def trained(results: Results, seed: int = 0) -> RunFolder:
    run = tell(results, RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=1, batch_size=50, seed=seed))
    give_weights(run)
    return run


def workers(results: Results) -> list[psutil.Process]:
    return [process for process in started_here(results) if "vitcore.analysis.assessor" in process.cmdline()]


def test_killed_it_goes_on_where_it_was_and_leaves_nothing_behind(results: Results) -> None:
    first, second = trained(results), trained(results, 1)
    assessments.ask(results, first, KIND, {"corruptions": ["noise", "contrast"]})
    assessments.ask(results, second, KIND, {"corruptions": ["contrast"]})
    assert [wish.run.id for wish in assessments.waiting(results, assessor.KINDS)] == [first.id, second.id]
    assert assessments.state(second, KIND) == "waiting"
    assessments.ensure(results)
    wait_until(lambda: len(robustness.read(first)) > 2, "something is counted")
    (worker,) = workers(results)
    worker.kill()
    worker.wait(10)
    there = robustness.read(first)
    assessments._begun.clear()
    assessments.ensure(results)
    wait_until(lambda: not any(assessments.state(run, KIND) for run in (first, second)), "both are done")
    assert (len(robustness.read(first)), len(robustness.read(second))) == (11, 6)
    assert there.items() <= robustness.read(first).items()
    assert (first.path / "robustness.jsonl").read_bytes().count(b"\n") == 11, "nothing is counted twice"
    wait_until(lambda: not workers(results), "the worker has left")


def test_what_is_cancelled_ends_and_the_next_has_its_turn(results: Results) -> None:
    first, second = trained(results), trained(results, 1)
    assessments.ask(results, first, KIND)
    assessments.ask(results, second, KIND, {"corruptions": ["noise"]})
    assessments.ensure(results)
    wait_until(lambda: assessments.state(first, KIND) == "running", "the first is begun")
    assessments.cancel(first, KIND)
    assert assessments.state(first, KIND) == ""
    wait_until(lambda: assessments.state(second, KIND) == "", "the second is done")
    assert len(robustness.read(second)) == 6
    assert len(robustness.read(first)) < 36


def test_a_stranger_s_wish_starts_nothing(results: Results) -> None:
    first, second = trained(results), trained(results, 1)
    assessments.ask(results, first, KIND)
    path = first.path / f"assess-{KIND}.json"
    (second.path / path.name).write_bytes(path.read_bytes())  # of another run
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "wish": {**content["wish"], "options": {"corruptions": ["jpeg"]}}}))
    assert assessments.waiting(results, assessor.KINDS) == []
    assert {assessments.state(run, KIND) for run in (first, second)} == {""}
    for text in ("", "[]", '{"wish": 3, "asked": "x"}', "\0"):
        path.write_text(text)
        assert assessments.waiting(results, assessor.KINDS) == []


def test_what_cannot_be_done_says_why_and_the_next_has_its_turn(results: Results) -> None:
    first, second = trained(results), trained(results, 1)
    for run in (first, second):
        assessments.ask(results, run, KIND, {"corruptions": ["contrast"]})
    first.checkpoint.write_bytes(b"nothing")
    for wish in assessments.waiting(results, assessor.KINDS):
        assessor.work(wish)
    assert assessments.state(first, KIND) == "failed"
    messages = assessments.wished(first, KIND)
    assert messages is not None
    assert "is not a whole safetensors file" in messages.failed
    assert len(robustness.read(second)) == 6
    give_weights(first)
    assessments.ask(results, first, KIND, {"corruptions": ["contrast"]})  # asked again it is forgotten
    assert assessments.state(first, KIND) == "waiting"


def test_a_run_without_weights_or_in_the_trash_is_left_alone(results: Results) -> None:
    bare = tell(results, RunSpec.of(epochs=1))
    with pytest.raises(UserError, match="has no weights to evaluate"):
        assessments.ask(results, bare, KIND)
    gone = trained(results)
    assessments.ask(results, gone, KIND)
    trash.delete(results, gone.id)
    assert assessments.waiting(results, assessor.KINDS) == []
    assert not locks.is_locked(assessments.lock_path(results))
