"""A results folder of each test's own."""

from pathlib import Path

import pytest

from vitcore.runs.folder import Results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Empty."""
    return Results(tmp_path / "results")
