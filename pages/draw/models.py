"""Which stored runs can be asked on Draw, and in what order: by their dataset, the canvas's own first."""

from __future__ import annotations

import os

import pandas as pd

from pages.draw.canvas import MADE_FOR
from vitcore.data.registry import DATASETS
from vitcore.runs.folder import Results

READERS = [name for name, known in DATASETS.items() if known.made == "digit"]
"""Datasets whose models read digits."""


def with_weights(table: pd.DataFrame) -> pd.DataFrame:
    """The runs that can be asked: they have a checkpoint."""
    if table.empty:
        return table
    store, subset = Results(), table[table["epochs_done"] > 0]
    return subset[[os.path.isfile(store.runs / run / "model.safetensors") for run in subset["id"]]]


def grouped(table: pd.DataFrame) -> pd.DataFrame:
    """Runs of one dataset together, those that the canvas was made for first, then others that read digits."""
    rank = [(name != MADE_FOR, name not in READERS, str(name), place) for place, name in enumerate(table["dataset"])]
    return table.iloc[sorted(range(len(table)), key=rank.__getitem__)]


def under(table: pd.DataFrame) -> dict[str, str] | None:
    """By id the dataset that a run is listed under; None where all have the same."""
    found = {
        str(id): DATASETS[name].label if name in DATASETS else str(name)
        for id, name in zip(table["id"], table["dataset"], strict=True)
    }
    return found if len(set(found.values())) > 1 else None
