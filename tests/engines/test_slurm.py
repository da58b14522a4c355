"""SLURM through submitit: by its own stand-in for one machine, with real workers; and what sbatch is given."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path

import pytest
from submitit import SlurmJob
from typer.testing import CliRunner

from tests.runs.processes import epochs_of, tiny, wait_for_status, wait_until, worker_of
from vitcore.cli import app
from vitcore.engines.engine import State
from vitcore.engines.slurm import SlurmEngine
from vitcore.errors import UserError
from vitcore.events import Taken
from vitcore.runs import engine_settings, journal, locks, placed, queue
from vitcore.runs.engine_settings import EngineSettings
from vitcore.runs.folder import Results

posix = pytest.mark.skipif(os.name != "posix", reason="SLURM and its signals are of POSIX systems")


@posix
def test_a_time_limit_ends_in_a_checkpoint_and_the_run_goes_on(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # as an engine may set it: the CPUs that a run was given count
    engine_settings.store(results, EngineSettings(engine="slurm", cluster="local", cpus=1))
    id = queue.enqueue(results, tiny(epochs=30, batch_size=8))
    wait_until(lambda: len(epochs_of(results, id)) >= 2, "two epochs are told")
    job = worker_of(results, id).parent()
    assert job is not None
    job.send_signal(signal.SIGUSR2)  # as SLURM does before the limit
    wait_for_status(results, id, "finished")
    wait_until(lambda: not placed.read(results.run(id)), "it is settled")
    lines, _ = journal.read(results.run(id).events)
    assert sorted(epochs_of(results, id)) == list(range(1, 31)), "each was told once: a pause keeps them all"
    assert [line["resumed_from"] for line in lines if line["event"] == "started"][1:] != [0]
    assert [line["status"] for line in lines if line["event"] == "ended"] == ["paused", "finished"]
    assert any("time limit" in line.get("text", "") for line in lines)
    assert {line["engine"] for line in lines if line["event"] == "taken"} == {"slurm"}
    assert {line["threads"] for line in lines if line["event"] == "started"} == {1}


COMMAND = """#!{python}
import pathlib, sys
place = pathlib.Path({folder!r})
if {name!r} == "sbatch":
    number = 17 + len(list(place.glob("script-*")))
    (place / f"script-{{number}}").write_text(pathlib.Path(sys.argv[1]).read_text())
    print("Submitted batch job", number)
elif {name!r} == "sacct":
    word = (place / "word").read_text()
    print("JobID|State|NodeList")
    for number in (17, 18) if word else ():
        print(f"{{number}}_0|{{word}}|far\\n{{number}}_1|{{word}}|far\\n{{number}}|{{word}}|far")
elif {name!r} == "squeue":
    word = (place / "word-of-squeue").read_text()
    if not word:
        sys.exit("slurm_load_jobs error: Invalid job id specified")
    print(word)
else:
    (place / "cancelled").write_text(" ".join(sys.argv[1:]))
"""


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SLURM's commands, that no machine of ours has: they write down what they are given, and say what a file says."""
    SlurmJob.watcher.clear()  # it keeps what it heard of jobs, and ours have the numbers of those of the last test
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name in ("sbatch", "srun", "sacct", "squeue", "scancel"):
        path = folder / name
        path.write_text(COMMAND.format(python=sys.executable, folder=str(folder), name=name))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (folder / "word").write_text("PENDING")
    return folder


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_runs_submitted_together_are_an_array_with_the_engines_options(results: Results, commands: Path) -> None:
    engine_settings.store(
        results,
        EngineSettings(engine="slurm", partition="short", account="lab", minutes=30, cpus=6, memory_gb=12, gpu=True),
    )
    with locks.lock(queue.dispatcher_lock(results, "slurm")).acquire(timeout=5):
        ids = [queue.enqueue(results, tiny(seed=seed, device="auto")) for seed in range(2)]
        alone = queue.enqueue(results, tiny(device="cpu"))
        engine = SlurmEngine(results, engine_settings.current(results))
        assert [engine.submit(id) for id in (*ids, alone)] == [None] * 3
        engine.flush()
        first, second = (path.read_text() for path in sorted(commands.glob("script-*")))
        for line in ("partition=short", "account=lab", "time=30", "cpus-per-task=6", "mem=12GB", "signal=USR2@90"):
            assert f"#SBATCH --{line}" in first
            assert f"#SBATCH --{line}" in second
        assert "#SBATCH --array=0-1%2" in second
        assert "#SBATCH --gpus-per-node=1" in second
        assert "array" not in first
        assert "gpus" not in first
        jobs = [(placed.read(results.run(id)) or {})["job"] for id in (*ids, alone)]
        assert jobs == ["18_0", "18_1", "17"]
        again = SlurmEngine(results, engine_settings.current(results))  # as one that comes after
        assert [again.state(id).now for id in (*ids, alone)] == ["submitted"] * 3
        queue.cancel(results, alone)
        assert again.state(alone).now == "ended"
        assert (commands / "cancelled").read_text() == "17"
        (commands / "word").write_text("FAILED")
        last = SlurmEngine(results, engine_settings.current(results)).state(ids[0])
        assert (last.now, last.code) == ("ended", 1)
        assert "ended as FAILED before it began" in last.why
        assert str(results.root) not in last.why, "pickles lie in the account's own folder"


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_run_of_two_processes_gets_two_gpus_of_a_node(results: Results, commands: Path) -> None:
    engine_settings.store(results, EngineSettings(engine="slurm"))
    with locks.lock(queue.dispatcher_lock(results, "slurm")).acquire(timeout=5):
        ids = [queue.enqueue(results, tiny(device="cuda", processes=count)) for count in (1, 2)]
        engine = SlurmEngine(results, engine_settings.current(results))
        assert [engine.submit(id) for id in ids] == [None, None]
        engine.flush()
        single, pair = (path.read_text() for path in sorted(commands.glob("script-*")))
        assert "#SBATCH --gpus-per-node=1\n" in single
        assert "#SBATCH --gpus-per-node=2\n" in pair
        assert [(placed.read(results.run(id)) or {})["job"] for id in ids] == ["17", "18"]


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_where_slurm_keeps_no_accounts_the_word_of_squeue_counts(results: Results, commands: Path) -> None:
    engine_settings.store(results, EngineSettings(engine="slurm"))
    (commands / "word").write_text("")  # sacct prints its header alone

    def state(id: str, word: str) -> State:
        (commands / "word-of-squeue").write_text(word)
        return SlurmEngine(results, engine_settings.current(results)).state(id)  # one that has asked nothing yet

    with locks.lock(queue.dispatcher_lock(results, "slurm")).acquire(timeout=5):
        id = queue.enqueue(results, tiny())
        engine = SlurmEngine(results, engine_settings.current(results))
        assert engine.submit(id) is None
        engine.flush()
        assert state(id, "PENDING") == State("submitted")
        gone = state(id, "")
        assert (gone.now, gone.code) == ("ended", 1)
        assert gone.why.startswith("Its job ended before it began")
        run = results.run(id)
        assert queue.dequeue(run)
        lines = journal.Journal(run.events)
        lines.append(Taken(1, "slurm", "far"))
        lines.close()
        assert state(id, "RUNNING") == State("submitted"), "nothing is heard of it yet"
        assert state(id, "") == State("lost", why="Its job ended.")


@posix
def test_where_there_is_no_slurm_it_cannot_be_chosen(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITCORE_RESULTS", str(results.root))
    monkeypatch.setenv("PATH", str(results.root))
    for words, why in (
        (["slurm"], "no SLURM on this machine"),
        (["slurm", "--cluster", "cloud"], "slurm or local"),
        (["slurm", "--cluster", "local", "--partition", "a b"], "letters, digits"),
    ):
        done = CliRunner().invoke(app, ["engine", *words])
        assert isinstance(done.exception, UserError)
        assert why in str(done.exception)
    assert not results.engine.exists()
