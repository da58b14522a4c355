"""Losses of runs' steps, each where its run was at that step: in epochs, images, seconds."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from pages.live.learning_curves import gathered
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.store import queries

COUNTED = ("images_seen", "training_seconds", "cpu_seconds")  # what an epoch tells at its end
WITHIN = "Within an epoch, images and seconds are taken to pass evenly from step to step."


def step_losses(epochs: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The steps of these runs as `curve_plot` draws them: `run_id`, `step`, `loss`, its extremes, and the axes.

    Args:
        epochs: of these runs, as store.queries.epochs gives them.
        runs: `id` and `steps_per_epoch`; a run of which that is not known stands along its steps alone.
    """
    by_run, root = dict(tuple(epochs.groupby("run_id"))), str(Results().root)
    ids, per_epoch = list(map(str, runs["id"])), pd.to_numeric(runs["steps_per_epoch"], errors="coerce")
    found = [
        _placed(_steps(root, id, _size(id)), by_run.get(id, epochs.head(0)), each).assign(run_id=id)
        for id, each in zip(ids, per_epoch, strict=True)
    ]
    return pd.concat(found, ignore_index=True)


def _placed(steps: pd.DataFrame, epochs: pd.DataFrame, each: float) -> pd.DataFrame:
    """With where each step lies: in epochs by their steps, in what is counted between the ends of two epochs."""
    at = steps["step"].to_numpy(dtype=float) / each
    placed = steps.assign(epoch=at)
    ordered = epochs.sort_values("epoch")
    ends = np.concatenate([[0.0], ordered["epoch"].to_numpy(dtype=float)])
    for name in COUNTED:
        values = np.concatenate([[0.0], pd.to_numeric(ordered[name]).to_numpy(dtype=float)])
        placed[name] = np.interp(at, ends, values, right=np.nan)
    return placed


def _size(id: str) -> int:
    try:
        return Results().run(id).steps.stat().st_size
    except (OSError, UserError):  # no step yet; or deleted meanwhile
        return 0


@functools.lru_cache(maxsize=64)
def _steps(root: str, id: str, size: int) -> pd.DataFrame:
    """Read once for each length of a run's journal."""
    return gathered(queries.steps(Results(root), id))
