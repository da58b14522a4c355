"""`calibration` on the command line: a sentence a run, every number as JSON, nothing asked twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.pages.texts import give_weights, tell
from tests.runs.processes import end_all
from vitcore.analysis import outputs
from vitcore.cli import app
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Results]:
    found = Results(tmp_path / "results")
    monkeypatch.setenv("VITCORE_RESULTS", str(found.root))
    yield found
    end_all(found)


def test_it_evaluates_once_and_says_what_came_out(results: Results) -> None:
    run = tell(results, RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=1, validation=0.1))
    give_weights(run)
    first = CliRunner().invoke(app, ["calibration", run.id])
    assert first.exit_code == 0, first.output
    assert "its calibration error is" in first.output
    written = outputs.path(run).stat().st_mtime_ns
    again = CliRunner().invoke(app, ["calibration", run.id, "--json"])
    messages = json.loads(again.output.splitlines()[-1])
    assert messages["run"] == run.id
    assert sum(each["images"] for each in messages["plain"]["bins"]) == 360
    assert outputs.path(run).stat().st_mtime_ns == written
