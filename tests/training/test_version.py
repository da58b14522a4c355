"""What trained a run is kept with it: the version, and of a clone the commit."""

import re
import subprocess
from pathlib import Path

import vitcore
from tests.training.runs import QUICK, Lines
from vitcore.runs.fold import Fold
from vitcore.spec import RunSpec
from vitcore.training import train, version


def _git(folder: Path, *arguments: str) -> None:
    own = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *own, *arguments], check=True, capture_output=True)


def test_a_clone_names_its_commit_and_whether_files_differ(tmp_path: Path) -> None:
    assert version._commit(tmp_path) is None, "no clone"
    _git(tmp_path, "init")
    assert version._commit(tmp_path) is None, "another project's repository"
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "vitcore").mkdir()
    (tmp_path / "vitcore" / "a.py").write_text("1\n")
    assert version._commit(tmp_path) is None, "nothing is committed yet"
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-m", "a")
    commit = version._commit(tmp_path)
    assert commit is not None
    assert re.fullmatch(r"[0-9a-f]{12}", commit)
    (tmp_path / "vitcore" / "a.py").write_text("2\n")
    assert version._commit(tmp_path) == f"{commit}+"


def test_a_run_keeps_them() -> None:
    messages = Lines()
    train(RunSpec.of(**QUICK), messages)
    [started] = messages.events("started")
    assert started["vitcore"]["version"] == vitcore.__version__
    row = Fold().take_all([started]).row
    assert row["vitcore_version"] == vitcore.__version__
    assert row["vitcore_commit"] == started["vitcore"].get("commit")
    for odd in (None, "0.1", {"version": 3, "commit": ["a"]}):
        row = Fold().take_all([{**started, "vitcore": odd}]).row
        assert row["vitcore_version"] is None
        assert row["vitcore_commit"] is None
