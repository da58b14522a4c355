"""Runs killed and resumed at any moments, as often as one likes: every reader tells what the weights are of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.promise import Kind
from vitcore.errors import UserError
from vitcore.events import Attempt
from vitcore.runs import journal, predictions
from vitcore.runs.fold import Fold
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

STEPS = 3  # of an epoch

ATTEMPTS = st.lists(
    st.fixed_dictionaries(
        {
            "steps": st.integers(0, 5 * STEPS),  # that it makes until it is killed
            "stored": st.integers(0, 5 * STEPS),  # after how many of them its last checkpoint was written
            "poll": st.sampled_from([*["", "poll"] * 8, "publish"]),
        }
    ),
    min_size=1,
    max_size=5,
)


class Disk:
    """The oracle: what the weights on the disk, and those in the worker's memory, are made of."""

    def __init__(self) -> None:
        self.stored: list[tuple[int, int]] = []  # (step, attempt) of each step in the checkpoint
        self.made: list[tuple[int, int]] = []

    def epochs(self) -> dict[int, int]:
        """Each whole epoch, and the attempt that told it."""
        return {step // STEPS: attempt for step, attempt in self.made if step % STEPS == 0}


def _live(run: RunFolder, number: int, attempt: dict[str, Any], disk: Disk) -> None:
    """One worker's life, in the order in which a worker writes."""
    events, steps, matrices = (journal.Journal(path, buffered=True) for path in (run.events, run.steps, run.confusion))
    disk.made = list(disk.stored)
    done = len(disk.made)
    resumed_from = done // STEPS
    line = {"event": "started", "resumed_from": resumed_from, "resumed_step": done, "epochs": 25}
    events.append(line)
    for other in (steps, matrices):
        other.append(Attempt(resumed_from, done))
    stored = predictions.Predictions(run.predictions, [0, 1], 256)
    stored.withdraw(done // STEPS)
    for count in range(1, attempt["steps"] + 1):
        step = done + count
        steps.append({"step": step, "epoch": (step - 1) // STEPS + 1, "loss": float(number), "learning_rate": 0.1})
        disk.made.append((step, number))
        if step % STEPS == 0:
            epoch = step // STEPS
            events.append(
                {"event": "epoch", "epoch": epoch, "train_loss": float(number), "error_percent": 1.0 + number}
            )
            matrices.append({"epoch": epoch, "matrix": [[number, 0], [0, epoch]]})
            stored.put(epoch, [number, 0])
        if count == attempt["stored"]:
            disk.stored = list(disk.made)
    for writer in (events, steps, matrices, stored):
        writer.close()


def check(case: list[dict[str, Any]], place: Path) -> None:
    results = Results(place / "results")
    run = results.create(RunSpec.of(epochs=25))
    index, disk = Index(results), Disk()
    try:
        for number, attempt in enumerate(case):
            _live(run, number, attempt, disk)
            if attempt["poll"]:
                index.poll()
            if attempt["poll"] == "publish":
                index.publish()
                index.close()
                index = Index(results)
            if attempt["poll"] or number == len(case) - 1:
                index.poll()
                _compare(results, run, index, disk)
    finally:
        index.close()


def _compare(results: Results, run: RunFolder, index: Index, disk: Disk) -> None:
    """The table, the curves, the steps, the matrices, the predictions and the command line, against the weights."""
    epochs = disk.epochs()
    table = queries.epochs(index, [run.id])
    assert dict(zip(table["epoch"], table["train_loss"], strict=True)) == epochs
    row = queries.runs(index).iloc[0]
    assert row["epochs_done"] == len(epochs)
    last = epochs[max(epochs)] + 1.0 if epochs else None
    assert row["error_percent"] == last if epochs else row["error_percent"] != row["error_percent"]
    steps = queries.steps(results, run.id)
    assert list(zip(steps["step"], steps["loss"], strict=True)) == disk.made
    assert queries.confusion_epochs(index, run.id) == sorted(epochs)
    assert all(queries.confusion(index, run.id, item)[1][0, 0] == number for item, number in epochs.items())
    try:
        stored = predictions.read(run)
        assert {epoch: int(stored.of(epoch)[0]) for epoch in stored.epochs} == epochs
    except UserError:
        assert not epochs
    followed = Fold().take_all(journal.read(run.events)[0])
    assert (followed.epochs_done, followed.latest("error_percent")) == (len(epochs), last)


KINDS = [Kind("journals with several attempts", 500, ATTEMPTS, check)]
