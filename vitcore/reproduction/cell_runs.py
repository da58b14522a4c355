"""Which stored runs are a published table's cells': by the fingerprint of what each cell asks for, one a seed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd

from vitcore.errors import UserError
from vitcore.published.metrics import METRICS
from vitcore.published.tables import Table
from vitcore.spec import RunSpec
from vitcore.store import pooling

COUNTED = ("finished", "diverged")
"""Kinds of run whose seed need not be trained again. Divergence is an outcome of its own: it is told as a rate and
never enters a median or a pair. An imported run is no seed of ours."""


def cell_specs(table: Table, protocol: str) -> dict[tuple[str, str], tuple[RunSpec | None, str]]:
    """The run behind each (row, column), or None and why it cannot be run yet."""
    found: dict[tuple[str, str], tuple[RunSpec | None, str]] = {}
    for row in table.rows:
        for column in table.columns:
            try:
                found[row.key, column.key] = table.spec(row.key, column.key, protocol), ""
            except UserError as error:
                found[row.key, column.key] = None, str(error)
    return found


def matching(spec: RunSpec | None, runs: pd.DataFrame) -> pd.DataFrame:
    """The stored runs of a spec: one a seed (the latest that counts, else the latest), by seed."""
    if spec is None or runs.empty:
        return runs.iloc[:0]
    own = runs[runs["fingerprint"] == fingerprint(spec)]
    if own.empty:
        return own
    order = own.assign(counts=counting(own)).sort_values(["counts", "id"])
    return order.drop_duplicates("seed", keep="last").drop(columns="counts").sort_values("seed")


def epoch_runs(table: Table, protocol: str, runs: pd.DataFrame) -> list[str]:
    """The stored runs whose epochs `results` needs: none unless rows of the table are epochs."""
    if all(row.epoch is None for row in table.rows):
        return []
    specs = dict.fromkeys(spec for spec, _ in cell_specs(table, protocol).values() if spec)
    return [str(id) for spec in specs for id in matching(spec, runs)["id"]]


def narrowed(runs: pd.DataFrame, specs: Sequence[RunSpec]) -> pd.DataFrame:
    """The rows and columns that a table can need: a store of thousands of runs is looked through once.

    As plain objects: a cell's few runs are asked one by one, and pandas would convert column after column each time.
    """
    needed = [
        "id",
        "status",
        "fingerprint",
        "seed",
        "machine",
        "origin",
        "epochs_done",
        *pooling.EVALUATION,
        *pooling.TIMING,
        *(metric.source for metric in METRICS.values()),
    ]
    columns = [name for name in dict.fromkeys(needed) if name in runs]
    return runs.loc[runs["fingerprint"].isin({fingerprint(spec) for spec in specs}), columns].astype(object)


def counting(runs: pd.DataFrame) -> pd.Series:
    """Whether each run is a result of ours, so that its seed need not be trained again."""
    return pooling.kinds(runs).isin(COUNTED)


def averaged(own: pd.DataFrame) -> pd.DataFrame:
    """Of a spec's runs those that a mean is taken over: trained here, finished, not diverged."""
    return own[pooling.counts(own)]


@lru_cache(maxsize=4096)
def fingerprint(spec: RunSpec) -> str:
    """A spec's fingerprint, remembered: a table asks for the same ones at every look."""
    return spec.fingerprint()
