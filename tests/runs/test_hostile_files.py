"""One run's file that cannot be read costs that run its row's reason, and nothing else."""

import errno
import fcntl
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pages.compare import saved_views
from tests.runs.damages import DAMAGES, FILES, SECRET, damage, message
from tests.runs.processes import tiny
from tests.store.writing import write_run
from vitcore.cli import app
from vitcore.errors import UserError
from vitcore.lab import measurements
from vitcore.runs import (
    annotations,
    cost_estimate,
    drawings,
    files,
    journal,
    locks,
    predictions,
    queue,
    status,
    teachers,
    trash,
)
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predictions import Predictions
from vitcore.spec import RunSpec
from vitcore.store import exports, history, queries
from vitcore.store.index import Index
from vitcore.training import best, train
from vitcore.training.checkpoint import load_model, load_resume


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "within" / "results")


def whole(results: Results, seed: int) -> RunFolder:
    run = write_run(results, seed=seed)
    answers = Predictions(run.predictions, [0, 1, 1], 2)
    answers.put(3, np.array([0, 1, 0]))
    answers.close()
    annotations.write(run, ["kept"], "a note")
    return run


def read_all(results: Results, run: RunFolder) -> None:
    """Every reader of a run's files; each answers or refuses in a sentence."""
    status.now(run), queue.queued(results), queue.since(results, run.id), queue.resuming(run)
    annotations.read(run), drawings.score(run), cost_estimate.read(run)
    for ask in (
        lambda: queries.steps(results, run.id),
        lambda: predictions.read(run),
        lambda: history.history(run, 1, 0, 3),
        run.spec,
    ):
        try:
            ask()
        except UserError as error:
            assert SECRET not in str(error)  # noqa: PT017


def test_any_file_damaged_in_any_way_costs_its_own_row_alone(results: Results) -> None:
    """All files times all damages, each in a run of its own beside one that is well; in little memory."""
    good = whole(results, 0)
    damaged = {}
    for name in FILES:
        for how in DAMAGES:
            run = whole(results, 1)
            damage(run.path / name, how)
            damaged[run.id] = (name, how)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    index = Index(results)
    index.poll()
    rows = queries.runs(index).set_index("id", drop=False)
    assert sorted(rows["id"]) == results.ids()
    assert rows.loc[good.id, "status"] == "finished"
    assert rows.loc[good.id, "reason"] == "it has finished"
    for id, (name, how) in damaged.items():
        reason = str(rows.loc[id, "reason"])
        assert SECRET not in reason
        if message(name, how):
            assert name in reason, (name, how, reason)
        read_all(results, results.run(id))
        for epoch in (None, *queries.confusion_epochs(index, id)):
            try:
                queries.confusion(index, id, epoch)
            except UserError as error:
                assert "no confusion matrix" in str(error)  # noqa: PT017
    assert SECRET not in exports.csv(rows)
    changes = index.changes
    index.poll()
    assert index.changes == changes, "what cannot be read is no change at every look"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 700_000, f"{grown:,} kB"
    index.close()


def test_a_run_that_can_be_read_again_is_whole_again(results: Results) -> None:
    run = whole(results, 0)
    stored = run.events.read_bytes()
    index = Index(results)
    index.poll()
    damage(run.events, "a folder")
    index.poll()
    assert "events.jsonl" in queries.runs(index)["reason"].item()
    assert queries.epochs(index, [run.id]).empty
    (run.events / "within").unlink()
    run.events.rmdir()
    run.events.write_bytes(stored)
    index.poll()
    assert queries.runs(index)["reason"].item() == "it has finished"
    assert len(queries.epochs(index, [run.id])) == 3


def test_a_file_of_another_user_costs_its_run_its_row(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    good, closed = whole(results, 0), whole(results, 1)
    real, listed = os.open, os.listdir

    def refusing(path: object, *rest: object, **more: object) -> int:
        if isinstance(path, str | os.PathLike) and str(path) == shut:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *rest, **more)  # type: ignore[arg-type]

    def refused(path: object = ".") -> list[str]:
        if str(path) == shut:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "open", refusing)
    monkeypatch.setattr(os, "listdir", refused)
    for name in (*FILES, ""):
        if name and not (closed.path / name).exists():
            (closed.path / name).touch()
        shut = str(closed.path / name)
        index = Index(results, hydrate=False)
        index.poll()
        rows: Any = queries.runs(index).set_index("id")
        assert rows.loc[good.id, "status"] == "finished"
        assert "Permission denied" in rows.loc[closed.id, "reason"], name
        read_all(results, closed)
        index.close()
        if name == "waiting.json":
            closed.queue_entry.unlink()


def test_a_file_system_without_locks_is_told_of(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    run = whole(results, 0)
    run.alive.touch()

    def without(file: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", without)
    index = Index(results)
    index.poll()
    assert "No locks available" in queries.runs(index)["reason"].item()


def test_a_link_in_a_circle_among_the_runs_is_a_row(results: Results) -> None:
    good = whole(results, 0)
    (results.runs / "20260101-000000-loop-0000").symlink_to("20260101-000000-loop-0000")
    index = Index(results)
    index.poll()
    rows: Any = queries.runs(index).set_index("id")
    assert rows.loc[good.id, "status"] == "finished"
    assert "folder cannot be read" in rows.loc["20260101-000000-loop-0000", "reason"]


def test_the_command_line_lists_the_others(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITCORE_RESULTS", str(results.root))
    for how in DAMAGES:
        damage(whole(results, 0).events, how)
    good = whole(results, 1)
    found = CliRunner().invoke(app, ["runs", "--csv"])
    assert found.exit_code == 0, found.output
    assert all(id in found.output for id in results.ids())
    assert f"{good.id}," in found.output


@pytest.mark.parametrize("name", ["events.jsonl", "predictions.bin", "worker.log", "request"])
def test_nothing_is_written_through_a_link_that_leaves(results: Results, name: str) -> None:
    """Stopping, cancelling or resuming a run that somebody sent changes no file of ours."""
    run = whole(results, 0)
    damage(run.path / name, "a link that leaves")
    secret = results.root.parent / "secret"
    if name == "request":
        from vitcore.runs import locks

        run.events.unlink()
        with locks.lock(run.alive).acquire():
            queue.stop(results, run.id)
        assert run.request.read_text() == "stop"
        assert not run.request.is_symlink()
    else:
        with pytest.raises(OSError, match="link"):
            files.write_own(run.path / name, os.O_WRONLY)
    assert secret.read_text() == SECRET


WRITTEN = ("model.safetensors", "best.safetensors", "best.next.safetensors", "resume.pt", ".room")


def test_a_worker_writes_through_no_link_that_leaves(results: Results) -> None:
    """A queued run that somebody sent, once a person has said that it may start: it writes in its own folder alone."""
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5):
        run = results.run(queue.enqueue(results, tiny(epochs=1)))
    for name in WRITTEN:
        damage(run.path / name, "a link that leaves")
    command = [sys.executable, "-m", "vitcore.runs.worker", run.id, "--results", str(results.root)]
    subprocess.run(command, timeout=120, check=True)
    assert (results.root.parent / "secret").read_text() == SECRET
    assert status.now(run) == "finished"
    assert not [name for name in WRITTEN if (run.path / name).is_symlink()]


@pytest.mark.parametrize("how", ["a link that leaves", "a link to zeros", "a pipe", "a folder", "a link in a circle"])
def test_weights_and_resume_files_are_read_from_the_runs_alone(results: Results, how: str, tmp_path: Path) -> None:
    """Whole ones too, that lie beside the results folder: also those of a teacher, and the best."""
    spec = tiny(epochs=1)
    run, neighbor = results.create(spec), results.create(spec)
    train(spec, lambda *_: None, folder=neighbor.path)
    names = ("model.safetensors", "best.safetensors", "resume.pt")
    for name in names:
        (run.path / name).symlink_to(neighbor.path / name)  # within the runs it is followed
    assert load_model(run.path)[1] == spec
    assert load_resume(run.path, spec) is not None
    shutil.copytree(neighbor.path, tmp_path / "away")
    student = tiny(teacher=run.id)
    for name in names:
        damage(run.path / name, how)
        if how == "a link that leaves":
            (run.path / name).unlink()
            (run.path / name).symlink_to(tmp_path / "away" / name)
    for read in (
        lambda: load_model(run.path),
        lambda: load_model(run.path, "best"),
        lambda: load_resume(run.path, spec),
        lambda: teachers.load(results, student),
    ):
        with pytest.raises(UserError):
            read()
    assert best._epoch(run.best) is None


def test_a_journal_is_not_begun_on_what_is_no_file(results: Results) -> None:
    for how in ("a pipe", "a folder", "a link to zeros", "a link that leaves", "a link in a circle", "a sparse file"):
        run = whole(results, 0)
        damage(run.events, how)
        with pytest.raises(OSError):  # noqa: PT011  the system's own words for some, ours for others
            journal.Journal(run.events)


def test_a_results_folder_that_is_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    for place in ("results", "results/runs"):
        link = tmp_path / place
        link.parent.mkdir(exist_ok=True)
        link.symlink_to("nowhere")
        with pytest.raises(UserError, match="is a link to a folder that is not there"):
            Results(tmp_path / "results").create(RunSpec.of())
        link.unlink()


def other_disk() -> Path | None:
    shm = Path("/dev/shm")
    return shm if shm.is_dir() and os.access(shm, os.W_OK) else None


@pytest.mark.parametrize("real", [False, True])
def test_runs_on_another_disk_can_be_deleted_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real: bool
) -> None:

    import tempfile

    results, away = Results(tmp_path / "results"), None
    if real:
        if other_disk() is None or other_disk().stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is no second disk here")
        away = Path(tempfile.mkdtemp(dir=other_disk()))
        results.root.mkdir()
        results.runs.symlink_to(away, target_is_directory=True)
    else:
        rename = os.rename

        def across(here: Path, there: Path) -> None:
            if Path(here).parent != Path(there).parent:
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            rename(here, there)

        monkeypatch.setattr(os, "rename", across)
    try:
        monkeypatch.undo() if real else None
        run = write_run(results)
        before = {path.name: path.read_bytes() for path in run.path.iterdir()}
        trash.delete(results, run.id)
        assert results.ids() == []
        assert results.trashed() == [run.id]
        trash.restore(results, run.id)
        assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before
        assert not [path for path in (*results.runs.iterdir(), *results.trash.iterdir()) if path.name.startswith(".")]
    finally:
        if away is not None:
            shutil.rmtree(away)


def test_a_copy_that_fails_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    results = Results(tmp_path)
    run = write_run(results)
    monkeypatch.setattr(os, "rename", lambda *_: (_ for _ in ()).throw(OSError(errno.EXDEV, "Invalid cross-device")))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(UserError, match="No space left"):
        trash.delete(results, run.id)
    assert results.ids() == [run.id]
    assert list(results.trash.iterdir()) == []


BESIDE = ("views/one.json", "tour.json", "drawings/digits/labels.jsonl", "measurements/20260101-000000-abcd.jsonl")
OUTSIDE = ("locks/order.json", "locks/dispatcher-cpu.log", "measurements/measure.log")


@pytest.mark.parametrize("name", [*BESIDE, *OUTSIDE])
def test_what_lies_beside_the_runs_is_read_with_the_same_care(results: Results, name: str) -> None:
    """Saved views, the tour, drawings, measurements, the queue's order and logs: each in each way of being damaged."""
    for how in DAMAGES:
        path = results.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if how == "a link that leaves":
            secret = results.root.parent / "secret"
            secret.write_text(SECRET)
            path.symlink_to(secret)
        else:
            damage(path, how)
        _, text = saved_views.listed(results)
        assert bool(text) == (name == "views/one.json" and how != "a link to nothing") or how == "a link to nothing"
        assert not any(SECRET in item for item in text)
        assert measurements.latest(results) is None
        assert queue.queued(results) == []
        try:
            assert drawings.stored(results, "digits") == []
        except UserError as error:
            assert "drawings" in str(error)  # noqa: PT017
        if name in OUTSIDE[1:]:
            try:
                os.close(files.write_own(path, os.O_WRONLY | os.O_TRUNC))
            except OSError:
                pass
            else:
                assert how in ("empty", "zeros", "a sparse file", "a link to nothing")
        if how == "a link that leaves":
            assert secret.read_text() == SECRET
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


# Journals made to fill the memory, a quarter as large as they may be: many lines, few long ones, all of them told.
SIZE = 16 << 20
FILLING = {
    ("events.jsonl", "tiny"): lambda: b"{}\n" * (SIZE // 3),
    ("events.jsonl", "epochs"): lambda: b"".join(
        b'{"v":1,"event":"epoch","epoch":%d,"test_loss":1.5,"x":[[],[]]}\n' % number for number in range(SIZE // 64)
    ),
    ("events.jsonl", "nested"): lambda: (b'{"x":[' + b"[]," * 1_300_000 + b"0]}\n") * 4,
    ("steps.jsonl", "tiny"): lambda: b"{}\n" * (SIZE // 3),
    ("steps.jsonl", "nested"): lambda: (b'{"step":1,"epoch":1,"x":[' + b"[]," * 1_300_000 + b"0]}\n") * 4,
}
MEASURED = """
import resource, sys
from vitcore.runs.folder import Results
from vitcore.runs import attempts, status
from vitcore.store import queries
from vitcore.store.index import Index
results = Results(sys.argv[1])
index = Index(results, hydrate=False)
index.poll()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
open(sys.argv[2], "wb").write(open(sys.argv[3], "rb").read())
before = max(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
[id] = results.ids()
index.poll()
status.now(results.run(id)), attempts.withdrawn(results.run(id)), queries.steps(index, id)
print(queries.runs(index)["reason"].item())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(("name", "how"), FILLING)
def test_no_journal_fills_the_memory(results: Results, tmp_path: Path, name: str, how: str) -> None:
    """128 MB of tiny lines took more than 1 GB, and these of 16 MB 300 and more."""
    run = whole(results, 0)
    (tmp_path / "content").write_bytes(FILLING[name, how]())
    command = [sys.executable, "-c", MEASURED, str(results.root), str(run.path / name), str(tmp_path / "content")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True)
    reason, grown = done.stdout.splitlines()
    assert int(grown) < 200_000, f"{int(grown):,} kB"
    if name == "events.jsonl":
        assert ("lines" in reason) == (how == "tiny"), reason
