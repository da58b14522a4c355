"""The dispatcher loses no run, whatever comes between its looks."""

from __future__ import annotations

import time

import pytest

from tests.runs.processes import tiny
from vitcore.engines.dispatcher import _Dispatch
from vitcore.engines.engine import Capacity, State
from vitcore.errors import UserError
from vitcore.events import Ended, Heartbeat, Taken
from vitcore.runs import engine_report, journal, lost, queue
from vitcore.runs.folder import Results


class Late:
    """An engine with room to spare, whose workers take a while to go once their runs have ended."""

    def __init__(self, results: Results) -> None:
        self.results, self.taken, self.now = results, list[str](), State("submitted")
        self.refused = ""

    def submit(self, run_id: str) -> None:
        """The run pauses as soon as it has begun."""
        if self.refused:
            raise UserError(self.refused)
        run = self.results.run(run_id)
        assert queue.dequeue(run)
        self.taken.append(run_id)
        events = journal.Journal(run.events)
        events.append(Ended("paused", "so it is"))
        events.close()

    def flush(self) -> None:
        """Nothing is kept back."""

    def cancel(self, run_id: str) -> None:
        """Nothing waits here."""

    def state(self, run_id: str) -> State:
        """As it was told."""
        return self.now

    def capacity(self) -> Capacity:
        """There is always room."""
        return Capacity(1, 2, "")

    def close(self) -> None:
        """Nothing is held."""


def test_a_run_that_is_resumed_before_its_last_worker_has_gone_goes_on(asleep: Results) -> None:
    engine = Late(asleep)
    dispatch = _Dispatch(asleep, "cpu", engine, set(), engine_report.Reporter(asleep, "cpu"))
    id = queue.enqueue(asleep, tiny())
    dispatch._submit()
    assert queue.status(asleep, id) == "paused"
    queue.resume(asleep, id)
    dispatch._submit()
    assert engine.taken == [id], "its worker is about to go"
    engine.now = State("ended")
    dispatch._settle()
    dispatch._submit()
    assert engine.taken == [id, id]


def test_a_run_that_is_resumed_before_its_worker_is_known_to_be_dead_waits_on(asleep: Results) -> None:
    """Its entry in the queue is another than the worker's, which was to take it and is gone."""
    id = queue.enqueue(asleep, tiny())
    run = asleep.run(id)
    handed_over = queue.queued_at(run)
    assert queue.dequeue(run)
    events = journal.Journal(run.events)
    events.append(Taken(1))
    events.append({"event": "epoch", "epoch": 1})
    events.close()
    assert queue.status(asleep, id) == "interrupted"
    queue.resume(asleep, id)
    lost.settle(run, -9, handed_over)
    assert queue.status(asleep, id) == "queued"
    lost.settle(run, -9, queue.queued_at(run))
    assert queue.status(asleep, id) == "interrupted", "one that its own worker could not even take leaves the queue"


@pytest.mark.parametrize(("wish", "status"), [("stop", "stopped"), ("pause", "paused"), (None, "queued")])
def test_what_was_asked_of_a_run_whose_machine_is_then_lost_is_done(
    asleep: Results, wish: str | None, status: str
) -> None:
    engine = Late(asleep)
    dispatch = _Dispatch(asleep, "cpu", engine, set(), engine_report.Reporter(asleep, "cpu"))
    id = queue.enqueue(asleep, tiny())
    run = asleep.run(id)
    dispatch.submitted[id] = queue.queued_at(run)
    assert queue.dequeue(run)
    events = journal.Journal(run.events)
    for line in (Taken(1, "ray", "far"), Heartbeat(0, round(time.time()))):
        events.append(line)
    events.close()
    if wish:
        {"stop": queue.stop, "pause": queue.pause}[wish](asleep, id)
    engine.now = State("lost", why="Its node has gone.")
    dispatch._settle()
    assert queue.status(asleep, id) == status
    assert not run.request.exists(), "the next attempt is asked nothing"
    if wish:
        last = journal.read(run.events)[0][-1]
        assert last["reason"] == f"Its node has gone. It was to be {status}, as it now is; it can be resumed."


def test_a_run_that_was_passed_over_is_named_with_the_reason(asleep: Results) -> None:
    engine = Late(asleep)
    engine.refused = "its folder may not be written"
    id = queue.enqueue(asleep, tiny())
    _Dispatch(asleep, "cpu", engine, set(), engine_report.Reporter(asleep, "cpu")).serve()
    waits = engine_report.reports(asleep)["cpu"].waits
    assert waits == {id: "someone to look at it: its folder may not be written"}
    assert queue.queued(asleep) == [id]
