"""This machine as an engine: several slots of a device, every GPU, and locks that keep no other machine waiting."""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch
from filelock import Timeout
from typer.testing import CliRunner

from tests.runs.processes import end_all, endless, epochs_of, started_here, tiny, wait_for_status, wait_until
from vitcore.cli import app
from vitcore.engines import local
from vitcore.engines.engine import Wait
from vitcore.engines.local import LocalEngine, Place
from vitcore.errors import UserError
from vitcore.runs import engine_report, engine_settings, hosts, journal, locks, queue, slots, threads
from vitcore.runs.engine_settings import EngineSettings
from vitcore.runs.folder import Results, read_json, write_json
from vitcore.store import queries
from vitcore.store.index import Index


def test_two_slots_train_two_runs_at_once_and_say_so(results: Results) -> None:
    """Also while another machine that shares the folder has its own device and dispatcher locked."""
    engine_settings.store(results, EngineSettings(slots={"cpu": 2}))
    other = results.shared_locks / "another-machine"
    with (
        locks.lock(other / "run-cpu.lock").acquire(timeout=5),
        locks.lock(other / "dispatcher-cpu.lock").acquire(timeout=5),
        locks.lock(results.shared_locks / "run-cpu.lock").acquire(timeout=5),  # as an earlier version had it
    ):
        ids = [queue.enqueue(results, endless(seed=seed)) for seed in range(3)]
        wait_until(lambda: all(epochs_of(results, id) for id in ids[:2]), "two runs train")
        assert queue.status(results, ids[2]) == "queued"
        wait_until(lambda: engine_report.reports(results), "the dispatcher has a word")
        assert engine_report.reports(results)["cpu"].words == f"2 of 2 slots on {hosts.name()} are taken"
        queue.stop(results, ids[0])
        wait_for_status(results, ids[2], "running")
        for id in ids[1:]:
            queue.stop(results, id)
            wait_for_status(results, id, "stopped")
    index = Index(results)
    index.poll()
    rows = queries.runs(index).set_index("id").loc[ids]
    assert list(rows["slot"]) == [0, 1, 0]
    assert set(rows["node"]) == {hosts.name()}
    assert set(rows["engine"]) == {"local"}
    assert set(rows["threads"].dropna()) == {slots.threads(2)}
    wait_until(lambda: not engine_report.reports(results), "the dispatcher has gone")


def test_threads_are_divided_among_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert [slots.threads(count) for count in (1, 2, 3, 64)] == [7, 3, 2, 1]
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert slots.threads(1) == slots.cores()


def test_threads_that_a_run_was_given_go_before_what_an_engine_puts_into_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ray sets OMP_NUM_THREADS to a task's CPUs, and threads change results."""
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    try:
        threads.use(2)
        assert torch.get_num_threads() == 2
        threads.use()
        assert torch.get_num_threads() == 2, "nothing is chosen: what the environment said stands"
    finally:
        torch.set_num_threads(before)


def test_what_needs_a_device_alone_waits_for_every_slot(results: Results) -> None:
    engine_settings.store(results, EngineSettings(slots={"cpu": 2}))
    with locks.lock(slots.lock_path(results, "cpu", 1)).acquire(timeout=5):
        with pytest.raises(Timeout), slots.whole(results, "cpu", timeout=0):
            pass
        assert not locks.is_locked(slots.lock_path(results, "cpu", 0)), "what it had it has given back"
    with slots.whole(results, "cpu", timeout=0):
        assert locks.is_locked(slots.lock_path(results, "cpu", 1))


def test_every_gpu_is_used_unless_a_run_names_its_own(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    engine_settings.store(results, EngineSettings(slots={"cuda": 2, "cuda-1": 1}))
    engine = LocalEngine(results, "cuda")
    every = [Place("cuda-0", 0, 2), Place("cuda-1", 0, 1), Place("cuda-0", 1, 2)]
    assert engine._places("auto") == engine._places("cuda") == every, "each GPU before a second run on the first"
    assert engine._places("cuda:1") == [Place("cuda-1", 0, 1)]
    assert local._shown("cuda-1")["CUDA_VISIBLE_DEVICES"] == "5"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert local._shown("cuda-0") == {}, "nothing is hidden of one GPU"
    assert [local.gpus({"CUDA_VISIBLE_DEVICES": names}) for names in ("", "-1", "0,-1,1", "0,1")] == [0, 0, 1, 2]


def test_processes_that_train_one_run_are_shown_every_gpu(asleep: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    with locks.lock(asleep.locks / "dispatcher-cuda.lock").acquire(timeout=5):
        alone, several, named = (
            asleep.run(queue.enqueue(asleep, tiny(device=device, processes=count)))
            for device, count in (("cuda", 1), ("cuda", 2), ("cuda:1", 1))
        )
    assert local._environment(alone, "cuda-1")["CUDA_VISIBLE_DEVICES"] == "5"
    assert local._environment(several, "cuda-1") == local._environment(named, "cuda-1") == {}


def test_of_two_runs_that_each_need_every_gpu_the_second_waits(
    asleep: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would wait for the GPU that the other has; and only they: a run of one process may have the next GPU."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with locks.lock(asleep.locks / "dispatcher-cuda.lock").acquire(timeout=5):
        first, second, single = (
            queue.enqueue(asleep, tiny(device="cuda", processes=count, seed=seed))
            for seed, count in enumerate((2, 2, 1))
        )
        engine = LocalEngine(asleep, "cuda")
        assert engine.submit(first) is None
        assert engine._workers[first][1] == Place("cuda-0", 0, 1)
        assert engine.submit(second) == Wait("a free slot of cuda:0", others_too=False)
        assert engine.submit(single) is None
        assert engine._workers[single][1] == Place("cuda-1", 0, 1)
        end_all(asleep)
        for worker, _ in engine._workers.values():
            worker.wait(10)


def test_slots_that_are_added_while_a_run_trains_are_used_by_the_same_dispatcher(results: Results) -> None:
    ids = [queue.enqueue(results, endless(seed=seed)) for seed in range(2)]
    wait_until(lambda: epochs_of(results, ids[0]), "one trains")
    assert queue.status(results, ids[1]) == "queued"

    def dispatchers() -> list[int]:
        return [each.pid for each in started_here(results) if "vitcore.engines.dispatcher" in each.cmdline()]

    [before] = dispatchers()
    engine_settings.store(results, EngineSettings(slots={"cpu": 2}))
    wait_until(lambda: epochs_of(results, ids[1]), "both train")
    assert queue.status(results, ids[0]) == "running"
    assert dispatchers() == [before]
    for id in ids:
        queue.stop(results, id)
        wait_for_status(results, id, "stopped")


def test_a_run_may_have_any_gpu_and_the_queue_of_all_of_them_is_one(asleep: Results) -> None:
    assert {queue.kind(name) for name in ("cuda-0", "cuda-7")} == {"cuda"}
    with locks.lock(asleep.locks / "dispatcher-cuda.lock").acquire(timeout=5):
        first, second = (queue.enqueue(asleep, tiny(device=device)) for device in ("cuda", "cuda:1"))
        assert list(queue.own_of(asleep, "cuda")) == [first, second]
        assert list(queue.own_of(asleep, "cpu")) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [("cpu", "1 to 64"), ("cpu=0", "1 to 64"), ("cpu=65", "1 to 64"), ("cpu=²", "1 to 64"), ("gpu=2", "no device")],
)
def test_slots_that_cannot_be_are_refused_and_nothing_is_kept(
    results: Results, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    monkeypatch.setenv("VITCORE_RESULTS", str(results.root))
    done = CliRunner().invoke(app, ["engine", "local", "--slots", text])
    assert isinstance(done.exception, UserError)
    assert why in str(done.exception)
    assert not results.engine.exists()


def test_the_command_keeps_the_choice_and_says_it(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITCORE_RESULTS", str(results.root))
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    for words in (["engine", "local", "--slots", "cpu=2", "--slots", "cuda:0=3"], ["engine", "local"], ["engine"]):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        assert "2 on cpu (2 threads each), 3 on cuda-0 (1 thread each)" in done.output
    assert engine_settings.current(results).slots_of("cuda-0") == 3
    assert engine_settings.current(results).slots_of("mps") == 1


def test_an_engine_that_another_account_chose_counts_for_nothing(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(results.root / "theirs"))
    engine_settings.store(results, EngineSettings(slots={"cpu": 9}))
    monkeypatch.setenv("XDG_STATE_HOME", str(results.root / "mine"))
    assert engine_settings.current(results) == EngineSettings()
    assert engine_report.sentences(results) == [f"{engine_settings.FOREIGN}."]
    forged = {**(read_json(results.engine) or {}), "settings": {"slots": {"cpu": 9}}}
    broken: list[dict[str, Any]] = [{}, {"settings": []}, forged]
    for content in broken:
        write_json(results.engine, content)
        assert engine_settings.current(results) == EngineSettings()


def test_an_environment_that_names_no_engine_is_a_sentence(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engine_settings.ENVIRONMENT, "cloud")
    with pytest.raises(UserError, match="VITCORE_ENGINE is 'cloud'; it is one of local"):
        queue.enqueue(results, tiny())
    assert results.ids() == []


def test_a_journal_from_before_tells_no_place(results: Results) -> None:
    run = results.create(tiny())
    events = journal.Journal(run.events)
    events.append({"event": "taken", "pid": os.getpid()})
    events.close()
    index = Index(results)
    index.poll()
    row = queries.runs(index).iloc[0]
    assert row[["engine", "node", "device_queue", "slot"]].isna().all()
