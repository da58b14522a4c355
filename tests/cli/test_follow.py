"""The command line's follower trusts no line of a journal."""

import json
from pathlib import Path

import pytest

from tests.runs.processes import tiny
from vitcore.cli import follow
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.runs.watch import Watched

WHOLE = {"event": "epoch", "epoch": 3, "error_percent": 12.5, "train_loss": 0.5}


@pytest.mark.parametrize(
    "line",
    [
        {"event": "started", "epochs": ["many"]},
        {"event": "taken", "epochs": float("inf")},
        {"event": "progress", "step": "x", "steps": None, "loss": {}},
        {"event": "progress", "step": 10**400, "steps": float("nan")},
        {"event": "epoch"},
        {"event": "epoch", "epoch": "seven"},
        {"v": 99, "event": "epoch", "epoch": 9},
        {"event": "ended", "status": ["finished"], "epochs": "all", "error_percent": "low"},
    ],
    ids=str,
)
def test_a_line_that_makes_no_sense_changes_nothing_that_was_told(line: dict[str, object]) -> None:
    run = Watched(Results(), "id", "running", epochs_asked=4)
    run.fold.take_all([WHOLE, line])
    assert (run.fold.epochs_done, run.fold.latest("error_percent"), run.fold.ending) == (3, 12.5, None)
    assert 0 <= run.progress <= 1
    assert run.words.startswith("epoch 3/4")
    json.dumps(run.summary(), allow_nan=False)


def test_whoever_follows_a_resumed_run_is_not_told_the_abandoned_attempt_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told up to epoch 3, with a checkpoint of epoch 1: the next attempt's epochs 2 and 3 are news, the first's not."""
    results = Results(tmp_path)
    run = results.create(tiny(epochs=3))
    events = Journal(run.events)
    events.append({"event": "started", "resumed_from": 0, "epochs": 3})
    for epoch in (1, 2, 3):
        events.append({"event": "epoch", "epoch": epoch, "train_loss": 0.5, "error_percent": 50.0})
    events.append({"event": "ended", "status": "failed", "reason": "the first"})
    known = follow.known(results, run.id)
    assert (known.fold.epochs_done, known.fold.ending) == (3, "failed")
    events.append({"event": "started", "resumed_from": 1, "epochs": 3})
    for epoch in (2, 3):
        events.append({"event": "epoch", "epoch": epoch, "train_loss": 0.25, "error_percent": 25.0})
    events.append({"event": "ended", "status": "finished", "reason": "", "epochs": 3})
    events.close()
    assert follow.to_the_end(known)
    messages = capsys.readouterr().err.splitlines()
    assert [line.split(" ")[1] for line in messages] == ["2/3", "3/3"]
    assert all("error 25.00 %" in line for line in messages)
    assert (known.status, known.fold.epochs_done, known.fold.latest("error_percent")) == ("finished", 3, 25.0)
