"""The marks that tell Live's browsers of more to see: which changes they show, and what they say of bad addresses."""

import json
import math
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from starlette.requests import Request

from pages.live import learning_curves, live_updates
from pages.server import store_cache
from tests.pages.texts import tell
from vitcore.runs import locks
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec


def asked(address: str) -> tuple[int, dict[str, str]]:
    """The answer to an address as `live_updates.address` gives it."""
    query = address.partition("?")[2].encode()
    answer = live_updates.etags(Request({"type": "http", "query_string": query, "headers": []}))
    return answer.status_code, json.loads(bytes(answer.body))


def now(address: str) -> dict[str, str]:
    """The marks as the journals are at this moment."""
    store_cache.index(now=True)
    return asked(address)[1]


def test_an_epoch_is_told_soon_and_progress_later(empty: Results) -> None:
    folder = tell(empty, RunSpec.of(epochs=9), status=None, epochs=2)
    events, address = Journal(folder.events), live_updates.address([folder.id])
    with locks.lock(folder.alive).acquire():
        at_first = now(address)
        assert now(address) == at_first, "nothing has changed"
        events.append({"event": "progress", "epoch": 3, "step": 11, "steps": 45, "eta_seconds": 9.5})
        moved = now(address)
        assert moved["soon"] == at_first["soon"]
        assert moved["later"] != at_first["later"]
        events.append({"event": "epoch", "epoch": 3, "error_percent": 5.0, "training_seconds": 15.0})
        learned = now(address)
        assert learned["soon"] != moved["soon"]
    died = now(address)
    assert died["soon"] != learned["soon"], "its worker has died"
    events.close()


@pytest.mark.parametrize("runs", ["", "../../etc/passwd", "a,,b", "20260101-000000-gone-0000", "é,<b>"])
def test_an_address_that_names_no_run_has_marks_of_none(stocked: Results, runs: str) -> None:
    assert asked(f"{live_updates.ETAGS}?runs={quote(runs)}")[0] == 200
    assert live_updates.PageState.at(runs.split(",")).rows == []


def test_a_results_folder_that_cannot_be_read_is_said(
    stocked: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = live_updates.address(stocked.ids())
    other = tmp_path / "other"
    (other / "runs").parent.mkdir()
    (other / "runs").symlink_to(other / "runs")  # a loop
    monkeypatch.setenv("VITCORE_RESULTS", str(other))
    status, messages = asked(address)
    assert status == 503
    assert "cannot be read" in messages["refused"]


def test_a_long_run_s_loss_is_a_mean_between_its_extremes_and_loses_nothing() -> None:
    loss = pd.Series([2.0, 1.0] * 1000)
    loss[501], loss[1203], loss[1204] = 55.0, math.nan, math.inf
    steps = pd.DataFrame({"step": range(47, 94_001, 47), "epoch": 1})
    steps = steps.assign(loss_mean=loss, loss_min=loss - 0.5, loss_max=loss + 0.5)
    drawn = learning_curves.gathered(steps)
    assert len(drawn) < 250
    assert drawn["loss_max"][np.isfinite(drawn["loss"])].max() == 55.5
    assert drawn.loc[~np.isfinite(drawn["loss"]), "step"].tolist() == [47 * 1204, 47 * 1205]
    assert drawn["loss"].median() == pytest.approx(1.5, abs=0.07)
    assert drawn["step"].iloc[-1] == 94_000
    assert list(learning_curves.gathered(steps.head(7))["loss"]) == list(loss[:7])
    assert learning_curves.gathered(steps.head(0)).empty
