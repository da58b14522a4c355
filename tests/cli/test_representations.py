"""`representations` on the command line: looked into once, layers beside layers, every number as JSON."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from tests.pages.texts import give_weights, tell
from vitcore.analysis import representations
from vitcore.cli import app
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def test_two_runs_are_looked_into_once_and_compared(named_results: Results) -> None:
    runs = [
        tell(named_results, RunSpec.of(architecture=name, samples=200, epochs=1, seed=seed))
        for seed, name in enumerate(("cct-mini/3x3", "cnn"))
    ]
    for run in runs:
        give_weights(run)
    ids = [run.id for run in runs]
    first = CliRunner().invoke(app, ["representations", *ids])
    assert first.exit_code == 0, first.output
    assert f"{ids[0]}: attention looks so many pixels far" in first.output
    assert f"{ids[0]} against {ids[1]}: each layer's nearest" in first.output
    written = [representations.path(run).stat().st_mtime_ns for run in runs]
    again = CliRunner().invoke(app, ["representations", *ids, "--json"])
    pair = json.loads(again.output.splitlines()[-1])
    assert [len(pair["alignment"]), len(pair["alignment"][0])] == [len(names) for names in pair["layers"]]
    assert [representations.path(run).stat().st_mtime_ns for run in runs] == written
