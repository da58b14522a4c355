"""`robustness` on the command line: errors with intervals, CSV, and one sentence where something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.pages.texts import give_weights, tell
from tests.runs.processes import end_all
from vitcore.analysis import assessments, robustness
from vitcore.cli import app
from vitcore.errors import UserError
from vitcore.runs import locks
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunFolder]:
    results = Results(tmp_path / "results")
    monkeypatch.setenv("VITCORE_RESULTS", str(results.root))
    made = tell(results, RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=1, batch_size=50))
    give_weights(made)
    yield made
    end_all(results)


def printed(*arguments: str) -> str:
    outcome = CliRunner().invoke(app, ["robustness", *arguments])
    if outcome.exception is not None:
        raise outcome.exception
    return outcome.output


def test_it_evaluates_waits_and_prints(run: RunFolder) -> None:
    text = printed(run.id, "--corruption", "contrast")
    assert f"{run.id}: 6 of 6" in text
    assert "as they are: " in text
    found = next(row for row in robustness.table([run]).to_dict("records") if row["severity"] == 4)
    assert f"{found['error']:.2f} ({found['low']:.2f} to {found['high']:.2f})" in text
    lines = printed(run.id, "--show", "--csv").splitlines()
    assert lines[0] == ",".join(robustness.COLUMNS)
    assert len(lines) == 7


def test_it_leaves_at_once_and_is_cancelled(run: RunFolder) -> None:
    with locks.lock(assessments.lock_path(Results())).acquire(timeout=5):
        printed(run.id, "--detach")
        assert assessments.state(run, robustness.KIND) == "waiting"
        printed(run.id, "--stop")
        assert assessments.state(run, robustness.KIND) == ""
    assert "nothing is counted yet" in printed(run.id, "--show")


def test_what_is_wrong_is_said_before_anything_is_asked(run: RunFolder) -> None:
    for arguments, sentence in (
        ((run.id, "--corruption", "fog"), "no corruption 'fog'"),
        ((run.id, "nothing"), "no run 'nothing'"),
        ((run.id, "--stop", "--show"), "one of --detach, --stop and --show"),
    ):
        with pytest.raises(UserError, match=sentence):
            printed(*arguments)
        assert assessments.state(run, robustness.KIND) == ""
    run.checkpoint.unlink()
    with pytest.raises(UserError, match="has no weights to evaluate"):
        printed(run.id)
