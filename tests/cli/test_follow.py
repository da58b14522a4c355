"""The command line's follower trusts no line of a journal."""

import json

import pytest

from vitcore.cli.follow import Seen

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
    seen = Seen("id", "running", asked=4)
    seen.take(WHOLE)
    seen.take(line)
    assert (seen.epochs, seen.error_percent, seen.ending) == (3, 12.5, None)
    assert 0 <= seen.share <= 1
    json.dumps(seen.summary(), allow_nan=False)
