"""Real workers and dispatchers, killed for real: what was reported stays, and the queue goes on."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from tests.runs.processes import (
    PATIENCE,
    endless,
    epochs_of,
    started_here,
    tiny,
    wait_for_status,
    wait_until,
    worker_of,
)
from vitcore.events import Ended
from vitcore.runs import journal, locks, queue, seal
from vitcore.runs.folder import Results, read_json, write_json
from vitcore.runs.journal import Journal
from vitcore.runs.worker import explain


def dispatchers(results: Results) -> list[psutil.Process]:
    return [process for process in started_here(results) if "vitcore.engines.dispatcher" in process.cmdline()]


def workers(results: Results) -> list[psutil.Process]:
    return [process for process in started_here(results) if "vitcore.runs.worker" in process.cmdline()]


def reason_of(results: Results, id: str) -> str:
    return str(journal.read(results.run(id).events)[0][-1]["reason"])


def test_a_killed_worker_keeps_its_epochs_and_the_queue_goes_on(results: Results) -> None:
    first = queue.enqueue(results, endless())
    second = queue.enqueue(results, tiny(seed=1))
    wait_until(lambda: len(epochs_of(results, first)) >= 3, "three epochs are told")
    assert queue.status(results, first) == "running"
    assert queue.status(results, second) == "queued"
    if os.name == "posix":
        assert worker_of(results, first).nice() == 10
    before = epochs_of(results, first)
    worker_of(results, first).kill()
    wait_for_status(results, first, "interrupted")
    messages = epochs_of(results, first)
    assert messages[: len(before)] == before
    wait_until(lambda: journal.read(results.run(first).events)[0][-1]["event"] == "ended", "the dispatcher says why")
    assert "killed by SIGKILL" in reason_of(results, first) or os.name != "posix"
    wait_for_status(results, second, "finished")

    queue.resume(results, first)
    wait_until(lambda: epochs_of(results, first)[-1] > messages[-1], "it has gone on beyond what it had told")
    queue.stop(results, first)
    wait_for_status(results, first, "stopped")
    lines, _ = journal.read(results.run(first).events)
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert sorted(set(epochs_of(results, first))) == list(range(1, epochs_of(results, first)[-1] + 1))
    assert [line for line in lines if line["event"] == "started"][-1]["resumed_from"] >= 1
    wait_until(lambda: not dispatchers(results), "the dispatcher leaves an empty queue")


def test_a_killed_dispatcher_is_succeeded_and_its_worker_waited_for(results: Results) -> None:
    first = queue.enqueue(results, endless())
    second = queue.enqueue(results, endless(seed=1))
    wait_until(lambda: epochs_of(results, first), "the first is under way")
    for process in dispatchers(results):
        process.kill()
        process.wait(10)
    assert queue.status(results, first) == "running"
    queue.ensure_dispatcher(results)
    queue.ensure_dispatcher(results)
    wait_until(lambda: dispatchers(results), "another dispatcher is there")
    time.sleep(1)
    assert queue.status(results, second) == "queued", "the orphan still has the device"
    assert len(workers(results)) == 1
    for process in dispatchers(results):
        process.kill()
        process.wait(10)
    queue.stop(results, first)  # with no dispatcher alive: the worker itself sees that the queue goes on
    wait_for_status(results, first, "stopped")
    wait_for_status(results, second, "running")
    queue.stop(results, second)
    wait_for_status(results, second, "stopped")


def test_who_asks_again_and_again_starts_no_second_dispatcher_while_the_first_begins(results: Results) -> None:
    queue.enqueue(results, tiny())
    [beginning] = dispatchers(results)
    beginning.suspend()  # a busy machine may leave it without its lock for minutes
    for _ in range(5):
        queue.ensure_dispatcher(results, patient=True)
    assert dispatchers(results) == [beginning]
    queue.ensure_dispatcher(results)  # who asks once cannot know that it is not about to go
    assert len(dispatchers(results)) == 2
    beginning.resume()
    wait_until(lambda: not dispatchers(results), "both have gone, and the run was taken up")


def test_a_stopped_run_keeps_what_it_learned_and_a_paused_one_goes_on(results: Results) -> None:
    id = queue.enqueue(results, endless(epochs=30, samples=256, batch_size=8))
    wait_until(lambda: epochs_of(results, id), "an epoch is told")
    queue.pause(results, id)
    wait_for_status(results, id, "paused")
    folder = results.run(id)
    assert folder.checkpoint.is_file()
    assert not folder.request.exists()
    assert not list(folder.path.glob(".*")), "nothing half-written stays"
    messages = epochs_of(results, id)
    queue.resume(results, id)
    wait_for_status(results, id, "finished")
    assert epochs_of(results, id)[: len(messages)] == messages
    assert sorted(set(epochs_of(results, id))) == list(range(1, 31))


def test_a_run_is_stopped_before_it_has_begun(results: Results) -> None:
    id = queue.enqueue(results, endless())
    wait_for_status(results, id, "running")
    queue.stop(results, id)
    wait_for_status(results, id, "stopped")
    wait_until(lambda: not workers(results), "its worker is gone")


@pytest.mark.parametrize(("wish", "status"), [("stop", "stopped"), ("pause", "paused")])
def test_a_run_that_ends_before_training_says_that_somebody_asked(asleep: Results, wish: str, status: str) -> None:
    """The wish is there before the worker is, so that it is met before the first step however quick the machine is."""
    run = asleep.run(queue.enqueue(asleep, endless()))
    run.request.write_text(wish)
    command = [sys.executable, "-m", "vitcore.runs.worker", run.id, "--results", str(asleep.root)]
    subprocess.run(command, check=True, timeout=PATIENCE)
    assert queue.status(asleep, run.id) == status
    sentence = rf"{status} on request before (training began|the first step); resume it to train it\.?"
    assert re.fullmatch(sentence, reason_of(asleep, run.id), re.IGNORECASE)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to ask with")
def test_a_machine_that_shuts_down_pauses_what_runs(results: Results) -> None:
    id = queue.enqueue(results, endless())
    wait_until(lambda: epochs_of(results, id), "an epoch is told")
    worker_of(results, id).send_signal(signal.SIGTERM)
    wait_for_status(results, id, "paused")
    assert results.run(id).resume_point.is_file()


def test_what_cannot_be_trained_fails_in_one_sentence_and_the_next_runs(results: Results) -> None:
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5):
        impossible = queue.enqueue(results, tiny())
        spec = results.run(impossible).path / "spec.json"
        spec.write_text(spec.read_text().replace('"cnn"', '"from the future"'))
        run = results.run(impossible)  # as a newer version on this account would have queued it
        write_json(run.queue_entry, {**(read_json(run.queue_entry) or {}), seal.FIELD: seal.of(run.raw_spec())})
        teacher = results.create(tiny()).id
        writer = Journal(results.run(teacher).events)
        writer.append(Ended("finished", "so it is"))  # and has no weights
        writer.close()
        pupil = queue.enqueue(results, tiny(teacher=teacher))
        vanished = queue.enqueue(results, tiny())
        good = queue.enqueue(results, tiny(seed=3))
        shutil.rmtree(results.run(vanished).path)
    queue.ensure_dispatcher(results)
    wait_for_status(results, good, "finished")
    assert queue.status(results, impossible) == queue.status(results, pupil) == "failed"
    assert "from the future" in reason_of(results, impossible)
    assert "no weights" in reason_of(results, pupil)


def test_a_lack_of_memory_is_told_in_plain_words() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**50)
    assert "smaller batch size" in explain(raised.value)
    assert "smaller batch size" in explain(MemoryError())


def test_a_full_disk_and_a_lost_file_are_told_in_plain_words() -> None:
    assert "disk is full" in explain(OSError(28, "No space left on device"))
    with pytest.raises(FileNotFoundError) as raised:
        Path("/nowhere/weights.bin").read_bytes()
    assert explain(raised.value) == "A file could not be read or written (weights.bin): No such file or directory."
