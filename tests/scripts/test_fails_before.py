"""A commit's tests on the sources before it: which saw the fault, which could not be asked, which saw nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import fails_before

SOUND = "def half(number):\n    return number / 2\n\n\ndef third(number):\n    return number / 3\n"
FAULTY = "def half(number):\n    return number // 2\n"
TESTS = """
import pytest

from vitcore import half
from vitcore import third


def test_fractions_stay():
    assert half(3) == 1.5


def test_text_is_refused():
    half("x")


@pytest.mark.parametrize("number", [3, 4])
def test_a_third(number):
    assert third(number) > 1 or number < 4


def test_nothing_is_nothing():
    assert half(0) == 0


def test_as_it_was():
    assert True
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits of a package: a fault, and its mend with its tests."""
    root = tmp_path / "repository"
    (root / "vitcore").mkdir(parents=True)
    (root / "tests").mkdir()
    monkeypatch.setattr(fails_before, "ROOT", root)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "somebody")
    fails_before.git("init", "-q")
    for source, tests in ((FAULTY, "def test_as_it_was():\n    assert True\n"), (SOUND, TESTS)):
        (root / "vitcore" / "__init__.py").write_text(source)
        (root / "tests" / "__init__.py").write_text("")
        (root / "tests" / "test_numbers.py").write_text(tests)
        fails_before.git("add", ".")
        fails_before.git("commit", "-qm", "a commit")
    return root


def test_each_way_a_test_goes_is_told(repository: Path) -> None:
    found = fails_before.outcomes("HEAD", "HEAD^", fails_before.changed_files("HEAD", "HEAD^"), 60)
    assert {
        name.removeprefix("tests/test_numbers.py::"): [how for how, _ in cases] for name, cases in found.items()
    } == {
        "test_fractions_stay": ["assertion"],
        "test_text_is_refused": ["exception"],
        "test_a_third": ["import", "import"],
        "test_nothing_is_nothing": ["passes"],
    }
    assert len(fails_before.git("worktree", "list").splitlines()) == 1, "the temporary one is gone"


def test_a_commit_whose_tests_see_nothing_is_told_by_the_exit_code() -> None:
    command = [sys.executable, "-m", "scripts.fails_before", "HEAD", "--base", "HEAD"]
    done = subprocess.run(command, cwd=fails_before.ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "HEAD changes no test against HEAD.\n")
