"""A run that went on from an earlier checkpoint: what the abandoned attempt journaled beyond it counts nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.store.writing import add, epoch_line, write_run
from vitcore.errors import UserError
from vitcore.events import Attempt
from vitcore.runs import journal, predictions
from vitcore.runs.attempts import Attempts
from vitcore.runs.fold import Fold
from vitcore.runs.folder import Results, RunFolder
from vitcore.store import exports, queries
from vitcore.store.history import history
from vitcore.store.index import Index


def started(run: RunFolder, after: int, *, marked: bool = True) -> None:
    """A new attempt that goes on after an epoch of ten steps; not `marked`: as earlier versions wrote it."""
    line: dict[str, Any] = {"event": "started", "resumed_from": after, "epochs": 80}
    if marked:
        line["resumed_step"] = 10 * after
    add(run, line)
    for path in (run.steps, run.confusion) if marked else ():
        into(path, Attempt(after, 10 * after).written())


def into(path: Path, line: dict[str, Any]) -> None:
    writer = journal.Journal(path)
    writer.append(line)
    writer.close()


def tell(run: RunFolder, epochs: range, loss: float) -> None:
    stored = predictions.Predictions(run.predictions, [0, 1, 1], 2)
    for epoch in epochs:
        for step in range(10 * epoch - 9, 10 * epoch + 1):
            into(run.steps, {"step": step, "epoch": epoch, "loss": loss, "learning_rate": 0.1})
        add(run, epoch_line(epoch, train_loss=loss))
        into(run.confusion, {"epoch": epoch, "matrix": [[epoch, int(10 * loss)], [0, 2]]})
        stored.put(epoch, [0, 1, 0])
    stored.close()


def killed_at_5_resumed_from_2(results: Results, *, marked: bool) -> RunFolder:
    run = write_run(results, epochs=0, ending=None)
    started(run, 0, marked=marked)
    tell(run, range(1, 6), 0.5)
    started(run, 2, marked=marked)
    return run


def journaled(results: Results, run: RunFolder, index: Index) -> dict[str, object]:
    """The last epoch as every reader has it."""
    index.poll()
    row: Any = queries.runs(index).set_index("id").loc[run.id]
    followed = Fold().take_all(journal.read(run.events)[0])
    steps = queries.steps(results, run.id)
    return {
        "table": int(row["epochs_done"]),
        "error": row["error_percent"] == (epoch_line(int(row["epochs_done"]))["error_percent"]),
        "rows": int(queries.rows(index, [run.id], ["epochs_done"])[0]["epochs_done"]),
        "curves": queries.epochs(index, [run.id])["epoch"].max(),
        "csv": exports.csv(queries.epochs(index, [run.id])).count("\n") - 1,
        "steps": int(steps["step"].max()) // 10,
        "matrices": max(queries.confusion_epochs(index, run.id)),
        "the last matrix": queries.confusion(index, run.id)[0],
        "predictions": max(predictions.read(run).epochs),
        "followed": followed.epochs_done,
        "followed error": followed.latest("error_percent") == epoch_line(followed.epochs_done)["error_percent"],
    }


def expected(epoch: int) -> dict[str, object]:
    numbers = ("table", "rows", "curves", "csv", "steps", "matrices", "the last matrix", "predictions", "followed")
    return {**dict.fromkeys(numbers, epoch), "error": True, "followed error": True}


@pytest.mark.parametrize("polled", ["at once", "bit by bit", "over a snapshot"])
def test_every_reader_tells_the_attempt_that_the_weights_are_of(tmp_path: Path, polled: str) -> None:
    results = Results(tmp_path)
    run = write_run(results, epochs=0, ending=None)
    started(run, 0)
    tell(run, range(1, 6), 0.5)
    index = Index(results)
    if polled != "at once":
        assert journaled(results, run, index) == expected(5)
    if polled == "over a snapshot":
        assert index.publish() is None
        index.close()
        index = Index(results)
        assert index.notice is None
    started(run, 2)
    assert journaled(results, run, index) == expected(2)
    with pytest.raises(UserError, match="epoch 5"):
        history(run, 1, 0, 5)
    with pytest.raises(UserError, match="no confusion matrix of epoch 4"):
        queries.confusion(index, run.id, 4)
    tell(run, range(3, 4), 0.25)
    add(run, {"event": "ended", "status": "paused", "reason": "so", "epochs": 3, "error_percent": 12.5})
    assert journaled(results, run, index) == expected(3)
    assert list(queries.epochs(index, [run.id])["train_loss"]) == [0.5, 0.5, 0.25]
    assert list(queries.steps(results, run.id)["loss"]) == [0.5] * 20 + [0.25] * 10
    assert queries.confusion(index, run.id, 3)[1][0, 1] == 2
    index.close()


def test_what_the_last_attempt_said_at_its_end_goes_with_it(tmp_path: Path) -> None:
    """A resumed run's progress and error are not those that the abandoned attempt closed with."""
    results = Results(tmp_path)
    run = write_run(results, epochs=0, ending=None, samples=1000)
    started(run, 0)
    add(run, {"event": "progress", "step": 90, "steps": 100, "loss": 1.0, "images_per_second": 5.0})
    add(run, {"event": "ended", "status": "failed", "error_percent": 1.0, "images_per_second": 5.0})
    started(run, 0)
    index = Index(results)
    index.poll()
    row = queries.runs(index).iloc[0]
    assert row["progress"] == 0
    assert np.isnan(row["error_percent"])
    assert np.isnan(row["images_per_second"])
    index.close()


def test_journals_of_earlier_versions_are_folded_too(tmp_path: Path) -> None:
    """They have no mark in the other journals; epochs are withdrawn by the events, steps as they come again."""
    results = Results(tmp_path)
    run = killed_at_5_resumed_from_2(results, marked=False)
    index = Index(results)
    found = journaled(results, run, index)
    assert {name: value for name, value in found.items() if name != "steps"} == {
        name: value for name, value in expected(2).items() if name != "steps"
    }
    tell(run, range(3, 4), 0.25)
    assert journaled(results, run, index) == expected(3)
    index.close()


def test_nothing_is_taken_out_of_a_journal(tmp_path: Path) -> None:
    run = killed_at_5_resumed_from_2(Results(tmp_path), marked=True)
    before = run.events.read_bytes(), run.confusion.read_bytes()
    index = Index(Results(tmp_path))
    journaled(Results(tmp_path), run, index)
    index.close()
    assert (run.events.read_bytes(), run.confusion.read_bytes()) == before
    assert [json.loads(line)["epoch"] for line in before[0].splitlines() if b'"epoch":' in line] == [1, 2, 3, 4, 5]


def test_a_start_that_does_not_tell_where_it_goes_on_withdraws_nothing() -> None:
    found = Attempts().take_all([{"epoch": 1}, {"epoch": 2}, {"event": "started"}])
    assert (list(found.lines), found.floor) == ([1, 2], 0)
    assert Attempts().take_all([{"epoch": 1}, {"event": "started", "resumed_from": 0}]).withdrawn == {1}
