"""Runs written through the real journal, as a worker would."""

from pathlib import Path

import pytest

from vitcore.runs.folder import Results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "results – ü 'quoted'")
