"""Which runs would fill a table's gaps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from vitcore.published.tables import METRICS, Table
from vitcore.reproduction.tables import cell_specs, counting, fingerprint
from vitcore.spec import RunSpec

UNDER_WAY = ("queued", "running", "paused")


@dataclass(frozen=True)
class Gaps:
    """What is missing: the runs, those already under way, and the cells that cannot be run with the reason."""

    specs: Sequence[RunSpec]
    under_way: int
    cannot: Sequence[tuple[str, str, str]]  # row label, column title, why


def missing(
    table: Table,
    runs: pd.DataFrame,
    seeds: Sequence[int],
    protocol: str,
    *,
    rows: Collection[str] | None = None,
    columns: Collection[str] | None = None,
) -> Gaps:
    """The runs that the chosen cells (all: None) still need to have every seed; failed and stopped runs are run again.

    Cells that are filled by one run (error and time of it) ask for it once.
    """
    specs: dict[tuple[str, int], RunSpec] = {}
    waiting: set[tuple[str, int]] = set()
    cannot: list[tuple[str, str, str]] = []
    done = _seeds(runs[counting(runs)] if len(runs) else runs)
    busy = _seeds(runs[runs["status"].isin(UNDER_WAY)] if len(runs) else runs)
    for (row, column), (spec, why) in cell_specs(table, protocol).items():
        kind = METRICS[table.column(column).metric].kind
        if (rows is not None and row not in rows) or (columns is not None and column not in columns) or kind == "count":
            continue
        if spec is None:
            cannot.append((table.row(row).label, table.column(column).title, why))
            continue
        for seed in seeds:
            key = (fingerprint(spec), seed)
            if key in busy:
                waiting.add(key)
            elif key not in done and key not in specs:
                specs[key] = RunSpec.of(spec, seed=seed)
    return Gaps(list(specs.values()), len(waiting), cannot)


def _seeds(runs: pd.DataFrame) -> set[tuple[str, int]]:
    return {
        (str(mark), int(seed)) for mark, seed in zip(runs["fingerprint"], runs["seed"], strict=True) if mark == mark
    }
