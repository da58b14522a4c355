"""`calibration` on the command line: a sentence a run, every number as JSON, nothing asked twice."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from tests.pages.texts import give_weights, tell
from vitcore.analysis import outputs
from vitcore.cli import app
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def test_it_evaluates_once_and_says_what_came_out(named_results: Results) -> None:
    run = tell(named_results, RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=1, validation=0.1))
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
