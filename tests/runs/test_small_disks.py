"""Trainings on disks too small for what they keep: the sentence says that, how much is free, and how much is needed."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from tests.runs.processes import tiny
from vitcore.errors import UserError
from vitcore.runs import journal, predictions, worker
from vitcore.runs.files import Unwritten
from vitcore.runs.folder import Results, RunFolder
from vitcore.training import disk

AMOUNT = r"[0-9.]+ (?:bytes|kB|MB|GB)"
NEEDED = rf"(?:a little more than )?{AMOUNT} (?:is|are) needed"
NAMED = re.compile(rf"the disk is full: it has {AMOUNT} free and {NEEDED}", re.IGNORECASE)


@pytest.fixture(params=[900, 1200, 1600, 2000], ids=lambda size: f"{size} kB")
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Results]:
    """A results folder on a disk of so many kilobytes."""
    root = tmp_path / "small"
    root.mkdir()
    done = None
    if sys.platform == "linux" and os.geteuid() == 0:
        options = ["-t", "tmpfs", "-o", f"size={request.param}k"]
        done = subprocess.run(["mount", *options, "tmpfs", str(root)], capture_output=True, check=False)
    if done is None or done.returncode:
        pytest.skip("only root on Linux, where it may mount, can make a disk small enough to fill")
    try:
        yield Results(root)
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def full_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk on which every file has room but this one: what others write is written."""
    write, put = os.write, disk.put

    def guarded(number: int, data: bytes) -> int:
        if os.path.basename(os.readlink(f"/proc/self/fd/{number}")) == name:
            raise full()
        return write(number, data)

    def stored(path: Path, how: Callable[[Path], object]) -> None:
        def no_room(draft: Path) -> None:
            raise full()

        put(path, no_room if path.name == name else how)

    monkeypatch.setattr(os, "write", guarded)
    monkeypatch.setattr(disk, "put", stored)


def trained(run: RunFolder, results: Results) -> dict[str, Any]:
    """How the worker's training ends, in this process; in the words in which the worker would journal it."""
    work = worker._Work(results, run, worker.Place())
    try:
        return work._train(going_on=False).written()
    except UserError as user_error:
        return {"status": "failed", "reason": str(user_error)}
    except OSError as error:
        return {"status": "failed", "reason": worker.explain(error, run.path)}
    finally:
        work.started.set()
        writers: list[Any] = [work.events, work.steps, work.confusion, *work.predictions.values()]
        for writer in writers:
            with suppress(Unwritten):  # what is kept back of the steps has no room either
                if writer is not None:
                    writer.close()


def test_a_real_training_names_the_full_disk_and_keeps_what_was_whole(small_disk: Results) -> None:
    """This model's files take 0.4 MB and its resume file 1.1 MB, so that none of these disks holds two of each.

    It is the worker's own training within this process; tests/runs/test_faults.py fills a disk beneath a true worker.
    """
    run = small_disk.create(tiny(architecture="cct-mini/3x3", epochs=3, evaluate_every=3))
    ending = trained(run, small_disk)
    assert ending["status"] == "failed", ending
    assert NAMED.search(ending["reason"]), ending["reason"]
    assert "free some space and resume the run" in ending["reason"]
    assert not [name for name in os.listdir(run.path) if name.startswith(".")], "no drafts stay"
    for path in run.path.glob("*.safetensors"):
        assert load_file(path)
    messages, _ = journal.read(run.events)
    assert all("event" in line for line in messages)


WRITTEN = (
    *("events.jsonl", "steps.jsonl", "confusion.jsonl", "predictions.bin"),
    *("model.safetensors", "resume.pt", "best.next.safetensors"),
)


def test_these_are_all_the_files_that_a_training_writes(results: Results) -> None:
    run = results.create(tiny())
    before = set(os.listdir(run.path))
    assert trained(run, results)["status"] == "finished"
    made = set(os.listdir(run.path)) - before
    assert {name.replace("best.next", "best") for name in WRITTEN} == made


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says by what name a file is open")
@pytest.mark.parametrize("name", WRITTEN)
def test_whichever_file_has_no_room_the_full_disk_is_named(
    results: Results, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = results.create(tiny())
    full_for(name, monkeypatch)
    ending = trained(run, results)
    assert ending["status"] == "failed"
    assert NAMED.search(ending["reason"]), ending["reason"]


def test_what_predictions_need_is_told_too(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    run = results.create(tiny())
    writer = predictions.Predictions(run.predictions, [0] * 50, 10)
    full_for("predictions.bin", monkeypatch)
    with pytest.raises(OSError, match="No space left") as refused:
        writer.put(1, [1] * 50)
    writer.close()
    assert "58 bytes are needed" in worker.explain(refused.value, run.path)


@pytest.mark.parametrize(
    ("needed", "room", "text"),
    [
        (2_000_000, 1_000_000, "it has 1.0 MB free and 2.0 MB are needed"),
        (1_010_000, 1_000_000, "it has 1.0 MB free and a little more than 1.0 MB is needed"),
        (990_000, 1_000_000, "it has 1.0 MB free and a little more than 1.0 MB is needed"),
        (150, 0, "it has 0 bytes free and 150 bytes are needed"),
        (150, 7_300_000_000, "it has 7.3 GB free and 150 bytes are needed (a quota may forbid the rest"),
    ],
)
def test_what_is_said_to_be_needed_is_more_than_what_is_free(tmp_path: Path, needed: int, room: int, text: str) -> None:
    assert text in disk.full(tmp_path, needed, room)
