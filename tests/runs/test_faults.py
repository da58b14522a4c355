"""What a machine does to runs: a full disk, a folder that goes away, too little memory: said, and the rest goes on."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.runs.processes import (
    end_all,
    endless,
    epochs_of,
    started_here,
    tiny,
    wait_for_status,
    wait_until,
    worker_of,
)
from vitcore.errors import UserError
from vitcore.runs import journal, locks, queue
from vitcore.runs.folder import Results
from vitcore.store import queries
from vitcore.store.index import Index


def reason_of(results: Results, id: str) -> str:
    index = Index(results)
    index.poll()
    return str(queries.runs(index).set_index("id").loc[id, "reason"])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Results]:
    """A results folder, with a space and letters beyond ASCII in its name, on a disk of two megabytes."""
    root = tmp_path / "kleine größe"
    root.mkdir()
    done = None
    if sys.platform == "linux" and os.geteuid() == 0:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(root)], capture_output=True)
    if done is None or done.returncode:
        pytest.skip("only root on Linux, where it may mount, can make a disk small enough to fill")
    try:
        yield Results(root)
    finally:
        end_all(Results(root))
        subprocess.run(["umount", "-l", str(root)], check=True)


def fill(results: Results) -> Path:
    """Takes what is left of the disk."""
    path = results.root / "ballast"
    with path.open("ab", buffering=0) as file:
        for size in (65_536, 4096, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break
    return path


def test_a_full_disk_ends_the_run_in_a_sentence_and_loses_nothing(small_disk: Results) -> None:
    id = queue.enqueue(small_disk, endless())
    wait_until(lambda: len(epochs_of(small_disk, id)) >= 2, "two epochs are told")
    worker = worker_of(small_disk, id)
    worker.suspend()  # it shall not make room while we fill
    ballast = fill(small_disk)
    worker.resume()
    wait_until(lambda: queue.status(small_disk, id) != "running", "it has ended")
    messages = epochs_of(small_disk, id)
    assert queue.status(small_disk, id) == "failed"
    assert "disk is full" in reason_of(small_disk, id)
    events = small_disk.run(id).events.read_bytes()
    assert events.endswith(b"\n")
    assert all(json.loads(line) for line in events.splitlines())
    fill(small_disk)  # the room that was put aside for its last words, too
    with pytest.raises(UserError, match="No space left"):
        queue.enqueue(small_disk, tiny())
    wait_until(lambda: not list(started_here(small_disk)), "nobody works on it any more")

    ballast.unlink()
    queue.resume(small_disk, id)
    wait_until(lambda: epochs_of(small_disk, id)[-1] > messages[-1], "it has gone on")
    assert epochs_of(small_disk, id)[: len(messages)] == messages
    queue.stop(small_disk, id)
    wait_for_status(small_disk, id, "stopped")


def test_a_read_only_disk_can_be_compared_but_not_trained_on(small_disk: Results) -> None:
    folder = small_disk.create(tiny())
    events = journal.Journal(folder.events)
    events.append({"event": "ended", "status": "stopped", "reason": "so it is"})
    events.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk.root)], check=True)
    try:
        index = Index(small_disk)
        index.poll()
        assert queries.runs(index)["status"].tolist() == ["stopped"]
        assert "could not be published" in str(index.publish())
        for refused in (lambda: queue.enqueue(small_disk, tiny()), lambda: queue.resume(small_disk, folder.id)):
            with pytest.raises(UserError, match="Read-only file system"):
                refused()
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk.root)], check=True)


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_folder_that_vanishes_ends_the_training_and_leaves_no_ghost(results: Results, how: str) -> None:
    id = queue.enqueue(results, endless())
    wait_until(lambda: len(epochs_of(results, id)) >= 2, "two epochs are told")
    messages = epochs_of(results, id)
    worker = worker_of(results, id)
    elsewhere = results.root.with_name("elsewhere")
    results.root.rename(elsewhere)
    if how == "deleted":
        shutil.rmtree(elsewhere)
    wait_until(lambda: not worker.is_running() or worker.status() == "zombie", "the worker has gone")
    assert results.ids() == [], "no folder of that name has come back"
    if how == "moved":
        moved = Results(elsewhere)
        assert epochs_of(moved, id)[: len(messages)] == messages
        assert queue.status(moved, id) == "failed"
        assert "folder is gone" in reason_of(moved, id)


def test_a_clock_set_back_while_it_trains_changes_no_number(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = results.create(tiny())
    events = journal.Journal(folder.events)
    lines: list[dict[str, Any]] = [
        {"event": "taken", "pid": 1},
        {"event": "started", "epochs": 3},
        *({"event": "epoch", "epoch": epoch, "error_percent": 50.0 / 2**epoch} for epoch in (1, 2, 3)),
        {"event": "ended", "status": "finished", "reason": "all 3 epochs are done"},
    ]
    for hour, line in enumerate(lines):
        monkeypatch.setattr(time, "time", lambda hour=hour: 1.7e9 - 3600.0 * hour)
        events.append(line)
    events.close()
    monkeypatch.undo()
    index = Index(results)
    index.poll()
    assert queries.epochs(index, [folder.id])["epoch"].tolist() == [1, 2, 3]
    row = queries.runs(index).iloc[0]
    assert (row["status"], row["epochs_done"], row["error_percent"]) == ("finished", 3, 6.25)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a process to an amount of address space")
def test_too_little_memory_is_said_with_what_would_help_and_the_next_runs(results: Results) -> None:
    many = {"architecture": "vit-lite-7/4", "samples": 20_000, "replacement": True, "batch_size": 20_000}
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5):  # no other shall start than ours
        large = queue.enqueue(results, tiny(**many))
        small = queue.enqueue(results, tiny())
    limited = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
runpy.run_module("vitcore.engines.dispatcher", run_name="__main__")
"""
    command = [sys.executable, "-c", limited, "--device", "cpu", "--results", str(results.root)]
    subprocess.run(command, check=True, timeout=280, cwd=Path(__file__).resolve().parents[2])
    assert queue.status(results, large) == "failed"
    assert "batch size of 10,000" in reason_of(results, large)
    assert "bfloat16" in reason_of(results, large)
    assert queue.status(results, small) == "finished"


def test_a_run_killed_at_a_random_step_ends_with_the_same_bits(results: Results) -> None:
    """A real kill -9 at a moment that differs from test to test; random features, dropout and augmentation included."""
    drawn = {"kernel": "favor+", "redraw_every": 3, "dropout": 0.1, "crop": 2, "rotate": 10, "epochs": 8}
    spec = tiny(architecture="cct-mini/3x3", **drawn)
    whole, cut = queue.enqueue(results, spec), queue.enqueue(results, spec)
    wait_for_status(results, whole, "finished")
    until = random.randint(1, 7)
    wait_until(lambda: len(epochs_of(results, cut)) >= until, f"{until} epochs are told")
    worker_of(results, cut).kill()
    wait_for_status(results, cut, "interrupted", "finished")
    if queue.status(results, cut) == "interrupted":
        queue.resume(results, cut)
    wait_for_status(results, cut, "finished")
    first, second = (load_file(results.run(id).checkpoint) for id in (whole, cut))
    assert all(torch.equal(first[name], second[name]) for name in first), f"killed after epoch {until}"
    index = Index(results)
    index.poll()
    errors = [queries.epochs(index, [id])["error_percent"].tolist() for id in (whole, cut)]
    assert errors[0] == errors[1]
