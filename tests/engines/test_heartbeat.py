"""A run on another machine lives while it is heard of, and is taken up again where its attempt was lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.runs.processes import PATIENCE, tiny
from vitcore import events
from vitcore.errors import UserError
from vitcore.runs import heartbeat, journal, placed, queue, seal, status, torchrun
from vitcore.runs.folder import Results, RunFolder, read_json, write_json
from vitcore.store import queries
from vitcore.store.index import Index


def write(folder: RunFolder, *lines: events.Line | dict[str, Any]) -> None:
    writer = journal.Journal(folder.events)
    for line in lines:
        writer.append(line)
    writer.close()


@pytest.mark.parametrize(
    ("engine", "age", "wanted"),
    [("ray", 0.0, "running"), ("ray", 20.0, "running"), ("ray", -20.0, "running"), ("ray", 30.0, "interrupted"),
     ("ray", -1e6, "interrupted"), ("local", 0.0, "interrupted"), (None, 0.0, "interrupted")],
)  # fmt: skip
def test_by_its_heartbeats_a_run_trains_or_does_not(
    asleep: Results, engine: str | None, age: float, wanted: str
) -> None:
    run = asleep.create(tiny())
    write(run, events.Taken(1, engine, "far"), events.Heartbeat(0, round(time.time() - age)))
    index = Index(asleep)
    index.poll()
    assert status.now(run) == queries.runs(index)["status"].item() == wanted


def test_a_run_that_is_heard_of_no_more_reads_interrupted_though_nothing_was_written(
    asleep: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = asleep.create(tiny())
    write(run, events.Taken(1, "ray", "far"), events.Heartbeat(0, round(time.time())))
    index = Index(asleep)
    index.poll()
    assert queries.runs(index)["status"].item() == "running"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 30)
    index.poll()
    assert queries.runs(index)["status"].item() == "interrupted"


def test_a_lost_attempt_is_taken_again_unless_nothing_comes_of_it(asleep: Results) -> None:
    run = asleep.create(tiny())
    for attempt in range(3):
        write(run, events.Taken(1, "ray", "far"))
        assert queue.again(asleep, run.id, "Its node has gone."), attempt
        assert queue.own(asleep) == [run.id]
        assert queue.dequeue(run)
    write(run, events.Taken(1, "ray", "far"))
    assert not queue.again(asleep, run.id, "Its node has gone.")
    assert not run.queue_entry.exists()
    write(run, {"event": "epoch", "epoch": 1})
    assert queue.again(asleep, run.id, "Its node has gone."), "it had learned something"
    texts = [line["text"] for line in journal.read(run.events)[0] if line["event"] == "note"]
    assert texts == ["Its node has gone. Taken up again from the beginning."] * 4


def test_a_run_that_is_taken_again_is_trained_by_as_many_processes_as_were_asked_for(asleep: Results) -> None:
    id = queue.enqueue(asleep, tiny())
    queue.cancel(asleep, id)
    queue.resume(asleep, id, processes=2)
    run = asleep.run(id)
    placed.write(run, "ray", processes=queue.processes_asked(run))
    assert queue.dequeue(run)
    write(run, events.Taken(1, "ray", "far"))
    assert queue.again(asleep, id, "Its node has gone.")
    assert queue.processes_asked(run) == 2


def test_torchrun_goes_on_with_no_run_that_trains_elsewhere(asleep: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lock is held by nobody here; its heartbeats alone tell."""
    for name, value in {
        "RANK": 0,
        "WORLD_SIZE": 1,
        "LOCAL_RANK": 0,
        "LOCAL_WORLD_SIZE": 1,
        "OMP_NUM_THREADS": 1,
    }.items():
        monkeypatch.setenv(name, str(value))
    run = asleep.create(tiny())
    write(run, events.Taken(1, "ray", "far"), events.Heartbeat(0, round(time.time())))
    with pytest.raises(UserError, match=f"run {run.id} is running"), torchrun.stored_run(asleep, run.id):
        pass
    write(run, events.Heartbeat(1, round(time.time()) - 60))
    with torchrun.stored_run(asleep, run.id) as claimed:
        assert claimed.going_on


def test_a_run_that_is_taken_again_keeps_its_place(asleep: Results) -> None:
    first, second = (queue.enqueue(asleep, tiny(seed=seed)) for seed in range(2))
    run = asleep.run(first)
    assert queue.dequeue(run)
    write(run, events.Taken(1, "ray", "far"))
    assert queue.again(asleep, first, "Its node has gone.")
    assert queue.own(asleep) == [first, second]


def test_only_what_this_account_has_placed_is_looked_after(asleep: Results) -> None:
    run = asleep.create(tiny())
    placed.write(run, "ray")
    assert list(placed.of(asleep, "ray")) == [run.id]
    write_json(run.placed, {**(read_json(run.placed) or {}), seal.FIELD: "of somebody else"})
    assert list(placed.of(asleep, "ray")) == []


WORKER = """
import os, sys, time
from pathlib import Path
from vitcore import events
from vitcore.runs import heartbeat, journal
heartbeat.SECONDS = 0.05
path = Path(sys.argv[1])
lines = journal.Journal(path)
lines.append(events.Taken(os.getpid(), "ray", "here"))
heartbeat.begin(lines, path, 100.0)
time.sleep(240)
"""


def test_a_worker_ends_when_another_has_its_run(asleep: Results) -> None:
    """And not a line of it comes after; its heartbeats are counted, by the engine's clock."""
    run = asleep.create(tiny())
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(run.events)])
    deadline = time.monotonic() + PATIENCE
    while sum(line["event"] == "heartbeat" for line in journal.read(run.events)[0]) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    write(run, events.Taken(os.getpid(), "ray", "there"))
    assert worker.wait(PATIENCE) == heartbeat.SUPERSEDED
    found = [line for line in journal.read(run.events)[0] if line["event"] == "heartbeat"]
    assert [line["count"] for line in found] == list(range(len(found)))
    assert all(90 < line["clock"] - line["at"] < 110 for line in found)


STARTER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]])
time.sleep(240)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent at once")
def test_a_worker_ends_with_the_process_that_its_engine_had_for_it(asleep: Results) -> None:
    run = asleep.create(tiny())
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(run.events), WORKER])
    deadline = time.monotonic() + PATIENCE
    while not journal.read(run.events)[0][1:]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    [worker] = {line["pid"] for line in journal.read(run.events)[0] if line["event"] == "taken"}
    starter.kill()
    starter.wait()
    while os.path.exists(f"/proc/{worker}") and "Z" not in _state(worker):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
