"""Several processes for one run, started by the queue and by torchrun: one is killed, all end, and the run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import psutil
import pytest

from tests.runs.processes import PATIENCE, endless, epochs_of, tiny, wait_for_status, wait_until, worker_of
from vitcore.errors import UserError
from vitcore.events import Line, Step
from vitcore.runs import journal, queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

TOGETHER: dict[str, Any] = {"device": "cpu", "precision": "float32", "processes": 2, "validation": None}


def _lines(results: Results, id: str, kind: str) -> list[dict[str, Any]]:
    return [line for line in journal.read(results.run(id).events)[0] if line.get("event") == kind]


def _beside(results: Results, id: str, count: int) -> list[psutil.Process]:
    """The processes beside the first, once the run has told of two more epochs."""
    known = len(epochs_of(results, id))
    wait_until(lambda: len(epochs_of(results, id)) >= known + 2, "the run trains")
    found = [child for child in worker_of(results, id).children() if "vitcore.runs.rank" in child.cmdline()]
    assert len(found) == count - 1
    return found


def test_whichever_process_is_killed_all_end_and_another_number_goes_on(results: Results) -> None:
    id = queue.enqueue(results, endless(**TOGETHER))
    (other,) = _beside(results, id, 2)
    first = worker_of(results, id)
    other.kill()
    wait_for_status(results, id, "interrupted")
    assert "Process 2 of 2 was killed by SIGKILL" in _lines(results, id, "ended")[-1]["reason"]
    wait_until(lambda: not first.is_running(), "the first process has ended too")
    reached = max(epochs_of(results, id))

    queue.resume(results, id, processes=3)
    others = _beside(results, id, 3)
    assert _lines(results, id, "started")[-1]["resumed_from"] > 0
    texts = [line["text"] for line in _lines(results, id, "note")]
    assert any("shared out among 2 before and is among 3" in text for text in texts)
    worker_of(results, id).kill()
    wait_for_status(results, id, "interrupted")
    wait_until(lambda: not any(item.is_running() for item in others), "the others have ended too")
    assert max(epochs_of(results, id)) > reached
    assert sorted(item.name for item in results.run(id).path.iterdir() if item.name.startswith(".")) == [".room"]


def _torchrun(results: Results, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "vitcore", *arguments]
    environment = {**os.environ, "VITCORE_RESULTS": str(results.root), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def test_torchrun_trains_in_the_terminal_to_the_bits_of_two_threads_and_a_signal_pauses_it(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first process makes the run and tells of it, once."""
    options = [
        "--architecture",
        "cnn",
        "--samples",
        "64",
        "--batch-size",
        "16",
        "--epochs",
        "400",
    ]  # so few that each step is told
    more = ["--validation", "0", "--device", "cpu", "--precision", "float32", "--json"]
    process = _torchrun(results, "train", *options, *more)
    wait_until(lambda: results.ids() and epochs_of(results, results.ids()[0]), "the run trains")
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=PATIENCE)
    (id,) = results.ids()
    summary = json.loads(out.splitlines()[-1])
    assert (summary["id"], summary["status"], queue.status(results, id)) == (id, "paused", "paused")
    assert errors.count("2 processes train together") == 1
    spec = results.run(id).spec()
    assert spec == tiny(**TOGETHER, epochs=400)

    from vitcore.training import thread_parallel, train

    lines: list[Line] = []
    monkeypatch.setattr(thread_parallel, "sensible", lambda model, device: 2)
    train(spec, lines.append, control=lambda: "stop" if any(isinstance(line, Step) for line in lines) else None)
    alone = {line.step: line.loss for line in lines if isinstance(line, Step)}
    stored = {line["step"]: line["loss"] for line in journal.read(results.run(id).steps)[0] if "loss" in line}
    both = sorted(alone.keys() & stored.keys())
    assert both
    assert [alone[step] for step in both] == pytest.approx([stored[step] for step in both], rel=1e-7)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"processes": 9, "batch_size": 8}, "9 processes are more than the 8 images of a batch"),
        ({"processes": 3, "samples": 2}, "3 processes are more than the 2 images of a batch"),
        ({"processes": 2, "architecture": "resnet56"}, "resnet56 normalizes each batch.*train it with 1 process"),
        ({"processes": 2, "device": "cuda:1"}, "cuda:1 is a single device"),
        ({"processes": 2, "device": "mps"}, "mps is a single device"),
        ({"processes": 0}, "Processes"),
        ({"processes": 65}, "Processes"),
    ],
)
def test_what_processes_cannot_share_out_is_refused_before_it_is_queued(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        RunSpec.of(**{"architecture": "cnn", "batch_size": 64, **options})


def test_a_resume_with_a_number_that_does_not_do_queues_nothing(asleep: Results) -> None:
    id = queue.enqueue(asleep, tiny(device="cpu"))
    queue.cancel(asleep, id)
    with pytest.raises(UserError, match="17 processes are more than the 16 images"):
        queue.resume(asleep, id, processes=17)
    assert queue.status(asleep, id) == "cancelled"
