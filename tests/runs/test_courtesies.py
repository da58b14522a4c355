"""The real command where the system forbids what a training does out of courtesy: it trains, and ends well."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs.processes import end_all
from vitcore import processes
from vitcore.runs.folder import Results

TRAIN = ["train", "--architecture", "cnn", "--dataset", "digits", "--samples", "64", "--epochs", "1"]
BOUND = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice", "nice", "-n", "12"]


@pytest.mark.skipif(
    shutil.which("setpriv") is None or not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root, with util-linux's setpriv, can take the right to a higher priority away",
)
@pytest.mark.parametrize("more", [[], ["ionice", "-c", "3", "taskset", "-c", "CORE"]], ids=["nice", "idle, one core"])
def test_started_lower_than_a_training_would_put_itself_it_trains(results: Results, more: list[str]) -> None:
    if more and not all(shutil.which(name) for name in ("ionice", "taskset")):
        pytest.skip("util-linux's ionice and taskset are not there")
    core = str(min(os.sched_getaffinity(0)))
    prefix = [*BOUND, *(core if word == "CORE" else word for word in more)]
    raised = subprocess.run([*prefix, "nice", "-n", "-5", "true"], capture_output=True, text=True, check=False)
    assert "cannot set niceness" in raised.stderr, "the right has not been taken away, so this would show nothing"
    try:
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "vitcore", *TRAIN],
            env={**os.environ, "VITCORE_RESULTS": str(results.root), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "finished" in done.stdout
        assert "AccessDenied" not in results.run(results.ids()[0]).log.read_text()
    finally:
        end_all(results)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux schedules a session as a group")
def test_the_session_of_whoever_starts_a_worker_by_hand_is_not_slowed(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, str]] = []
    monkeypatch.setattr(Path, "write_text", lambda path, text: written.append((str(path), text)))
    for leader in (False, True):
        monkeypatch.setattr(os, "getsid", lambda number, own=leader: os.getpid() if own else os.getpid() + 1)
        processes._be_nice_as_a_group()
        assert (("/proc/self/autogroup", "10") in written) == leader
