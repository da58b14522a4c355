"""Searches as the tests ask them, and runs of trials as workers would write them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.store.writing import add, epoch_line
from vitcore.runs.folder import Results, RunFolder
from vitcore.search.plan import Budget, Search, Trial
from vitcore.search.space import Dimension
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

COMMON: dict[str, Any] = {"dataset": "digits", "samples": 64, "batch_size": 16, "validation": 0.1}
ARMS = tuple(RunSpec.of(architecture="cnn", label_smoothing=share, **COMMON) for share in (0.0, 0.1))
SPACE = (Dimension("learning_rate", 1e-4, 1e-2, True),)


def searched(*drawn: tuple[int, int, float], arms: int = 2, **budget: Any) -> Search:
    """A search with these trials drawn: arm, number, learning rate."""
    trials = tuple(Trial(arm, 0, number, {"learning_rate": rate}) for arm, number, rate in drawn)
    chosen = Budget(**{"trials": 12, "epochs": 2, "sampler": "random", **budget})
    return Search(ARMS[:arms], SPACE, chosen, trials=trials, key="s")


def write(
    results: Results, spec: RunSpec, curve: list[float], status: str | None = "finished", **started: Any
) -> RunFolder:
    """A trial's run with this validation error by epoch; without a status it has not ended."""
    folder = results.create(spec)
    add(folder, {"event": "taken", "pid": 1})
    facts = {"device": "cpu", "precision": "float32", "val_samples": 144, "test_samples": 360, **started}
    add(folder, {"event": "started", "epochs": spec.training.epochs, **facts})
    for epoch, error in enumerate(curve, start=1):
        unseen = {"error_percent": None, "accuracy": None, "f1": None, "test_loss": None}
        add(folder, {**epoch_line(epoch, **unseen), "val_error": error, "val_accuracy": 1 - error / 100})
    if status:
        add(folder, {"event": "ended", "status": status, "reason": f"it has {status}"})
    return folder


def table(results: Results) -> pd.DataFrame:
    """The stored runs as they are now."""
    index = Index(results)
    index.poll()
    return queries.runs(index)


def finished(results: Results, search: Search, errors: dict[tuple[int, int], float]) -> None:
    """The runs of a search's trials, by arm and number, trained whole to these validation errors."""
    for trial in search.trials:
        error = errors[trial.arm, trial.number]
        for seed in range(search.budget.seeds):
            write(results, search.spec(trial, seed), [error + 5, error])
