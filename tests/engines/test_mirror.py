"""A run's folder that is copied while a real worker writes it is at every moment one that can be gone on from."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from safetensors import safe_open

from tests.runs.processes import epochs_of, tiny
from vitcore import processes
from vitcore.engines.mirror import BEST, JOURNALS, MOST, NEXT, PREDICTIONS, RESUME, WHOLE, Mirror, Piece
from vitcore.engines.receiver import Receiver
from vitcore.errors import UserError
from vitcore.events import Ended, Note
from vitcore.runs import journal, queue
from vitcore.runs.folder import Results, RunFolder
from vitcore.training.checkpoint import load_resume

EPOCHS = 12


def begun(results: Results, run: RunFolder, *, resume: bool) -> subprocess.Popen[bytes]:
    """A worker of its own, as on a node: it has made room and takes the run up."""
    run.queue_entry.write_text(json.dumps({"resume": resume}))
    arguments = [run.id, "--engine", "ray", "--threads", "1", "--results", str(results.root)]
    with run.log.open("ab") as log:
        return processes.start("vitcore.runs.worker", arguments, log, detached=True)


def hold_consistent(run: RunFolder) -> int:
    """What is told leads, and best weights and the resume file are of one epoch; the epoch that one goes on from."""
    text = run.events.read_bytes() if run.events.exists() else b""
    assert text.endswith(b"\n") or not text
    state = load_resume(run.path, run.spec())
    if state is None:
        return 0
    lines = [line for line in map(journal.parse, text.splitlines()) if line]
    epochs = {line["epoch"] for line in lines if line.get("event") == "epoch"}
    assert state["tally"]["evaluated"] in {0, *epochs}, "a resume file is here and its epoch was not told"
    wanted = state["best"]["epoch"]
    stored = {epoch_of(run.path / name) for name in (BEST, NEXT) if (run.path / name).exists()}
    assert wanted is None or wanted in stored
    if any(line.get("event") == Ended.event for line in lines[-2:]):
        assert run.checkpoint.exists()
    return int(state["tally"]["evaluated"])


def epoch_of(path: Path) -> int:
    with safe_open(path, framework="pt") as file:
        return int(file.metadata()["epoch"])


def copied(mirror: Mirror, here: RunFolder, worker: subprocess.Popen[bytes], until: int) -> None:
    """Piece by piece, until so many epochs can be gone on from, or the worker has ended and all is told."""
    receiver = Receiver(here)
    while True:
        over = worker.poll() is not None
        pieces = mirror.take(over=over)
        reached = 0
        for piece in pieces:
            receiver.put([piece])
            reached = hold_consistent(here)
        if reached >= until or (over and not pieces):
            return
        time.sleep(0 if pieces else 0.02)


@pytest.mark.timeout(600)
def test_a_folder_that_is_copied_as_it_grows_can_be_gone_on_from_at_every_moment(tmp_path: Path) -> None:
    """The first node is lost in mid-run; a second goes on from what is here, and then both folders are the same."""
    here = Results(tmp_path / "here")
    spec = tiny(epochs=EPOCHS, validation=0.25, samples=128, evaluate_test=True)
    run = here.create(spec)
    nodes = [Results(tmp_path / name) for name in ("first", "second")]
    for number, there in enumerate(nodes):
        shutil.copytree(run.path, there.runs / run.id)
        elsewhere = there.run(run.id)
        mirror = Mirror(elsewhere)
        worker = begun(there, elsewhere, resume=bool(number))
        try:
            copied(mirror, run, worker, until=3 if number == 0 else EPOCHS + 1)
        finally:
            worker.kill()
            worker.wait()
            mirror.close()
        (elsewhere.path / "worker.log").unlink()
    assert queue.status(here, run.id) == "finished"
    lines, _ = journal.read(run.events)
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert sum(line["event"] == "started" for line in lines) == 2
    assert {*epochs_of(here, run.id)} == {*range(1, EPOCHS + 1)}
    for name in (*JOURNALS, *PREDICTIONS, *WHOLE):
        assert (run.path / name).read_bytes() == (elsewhere.path / name).read_bytes(), name
    assert not (run.path / NEXT).exists()
    assert not [name for name in os.listdir(run.path) if name.endswith(".streamed")]


@pytest.fixture
def both(tmp_path: Path) -> tuple[RunFolder, RunFolder]:
    """A run's folder there and here."""
    run = Results(tmp_path / "there").create(tiny())
    shutil.copytree(run.path, tmp_path / "here" / run.id)
    return run, RunFolder(tmp_path / "here" / run.id)


def test_the_line_that_ends_a_run_comes_after_its_checkpoint(both: tuple[RunFolder, RunFolder]) -> None:
    """A checkpoint larger than one answer is under way while the journal says that the run is over."""
    there, here = both
    mirror, receiver = Mirror(there), Receiver(here)
    there.checkpoint.write_bytes(os.urandom(2 * MOST + 5))
    lines = journal.Journal(there.events)
    lines.append(Note("so it goes"))
    receiver.put(mirror.take())
    lines.append(Ended("finished", "all is done"))
    lines.append(Note("and a word after it"))
    lines.close()
    rounds = 1
    while pieces := mirror.take(over=True):
        receiver.put(pieces)
        rounds += 1
        assert bool(receiver.ending) <= here.checkpoint.exists()
    assert rounds >= 3
    assert receiver.ending == "finished"
    assert here.events.read_bytes() == there.events.read_bytes()
    assert here.checkpoint.read_bytes() == there.checkpoint.read_bytes()


def test_a_checkpoint_in_the_midst_of_its_writing_is_left_for_the_next_look(both: tuple[RunFolder, RunFolder]) -> None:
    there, _ = both
    mirror = Mirror(there)
    (there.path / NEXT).write_bytes(b"better")
    (there.path / RESUME).write_bytes(b"of the better")
    assert mirror.take() == []
    (there.path / NEXT).replace(there.best)
    pieces = mirror.take()
    assert [(piece.how, piece.name) for piece in pieces] == [("part", NEXT), ("part", RESUME), ("settle", NEXT)]


def test_weights_that_a_later_attempt_withdraws_go_here_too(both: tuple[RunFolder, RunFolder]) -> None:
    there, here = both
    for run in both:
        run.best.write_bytes(b"of an attempt that was given up")
    mirror = Mirror(there)
    there.best.unlink()
    Receiver(here).put(mirror.take())
    assert not here.best.exists()
    assert mirror.take() == []


def test_a_node_writes_a_run_s_files_and_no_others(both: tuple[RunFolder, RunFolder]) -> None:
    _, here = both
    with pytest.raises(UserError, match="is no file of a run's"):
        Receiver(here).put([Piece("append", "../../x", b"y")])
    shutil.rmtree(here.path)
    with pytest.raises(UserError, match="the run's folder is gone"):
        Receiver(here).put([Piece("append", "events.jsonl", b"y")])
