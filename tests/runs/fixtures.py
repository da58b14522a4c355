"""A results folder of each test's own in which processes may be at work: they are ended with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.processes import end_all
from vitcore.runs import locks
from vitcore.runs.folder import ENVIRONMENT, Results


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Results]:
    """Empty, on a path that people have: with a space and letters that are not English."""
    found = Results(tmp_path / "Ergebnisse – für später")
    yield found
    end_all(found)


@pytest.fixture
def asleep(results: Results) -> Iterator[Results]:
    """The same folder while a dispatcher seems to live: what is queued stays queued."""
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5):
        yield results


@pytest.fixture
def named_results(results: Results, monkeypatch: pytest.MonkeyPatch) -> Results:
    """The same folder, named by VITCORE_RESULTS."""
    monkeypatch.setenv(ENVIRONMENT, str(results.root))
    return results
