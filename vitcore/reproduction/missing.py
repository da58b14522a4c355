"""Which runs would fill a table's gaps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from vitcore.published.chains import Link, takes
from vitcore.published.metrics import METRICS
from vitcore.published.tables import Table
from vitcore.reproduction.cell_runs import cell_specs, counting, fingerprint
from vitcore.spec import RunSpec
from vitcore.store import pooling

Key = tuple[str, int]
"""A fingerprint and a seed."""

UNDER_WAY = ("queued", "running", "paused")


@dataclass(frozen=True)
class Chain:
    """A row whose run takes other runs' weights: its links in their order, and of those the runs that are missing."""

    row: str
    links: Sequence[Link]
    left: Sequence[RunSpec]


@dataclass(frozen=True)
class Gaps:
    """What is missing: the runs, those already under way, and the cells that cannot be run with the reason.

    `specs` has before each run those that it takes, where these are missing too.
    """

    specs: Sequence[RunSpec]
    under_way: int
    cannot: Sequence[tuple[str, str, str]]  # row label, column title, why
    chains: Sequence[Chain] = ()


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

    Cells that are filled by one run (error and time of it) ask for it once. A seed's chain is its own: pre-training and
    teacher have the seed of the run that takes them.
    """
    specs: dict[Key, RunSpec] = {}
    waiting: set[Key] = set()
    cannot: list[tuple[str, str, str]] = []
    chains: dict[str, Chain] = {}
    stored = _Stored(runs)
    for (row, column), (spec, why) in cell_specs(table, protocol).items():
        kind = METRICS[table.column(column).metric].kind
        if (rows is not None and row not in rows) or (columns is not None and column not in columns) or kind == "count":
            continue
        if spec is None:
            cannot.append((table.row(row).label, table.column(column).title, why))
            continue
        links = table.chain(row, column, protocol)
        left: list[RunSpec] = []
        for seed in seeds:
            key = (fingerprint(spec), seed)
            if key in stored.busy:
                waiting.add(key)
            elif key not in stored.done and (dead := stored.diverged_before(links, seed)) is not None:
                why = f"{dead.label}, which it takes, has diverged with seed {seed}"
                cannot.append((table.row(row).label, table.column(column).title, why))
            elif key not in stored.done:
                left += [RunSpec.of(link.spec, seed=seed) for link in links if stored.lacks(link, seed, links)]
        for item in left:
            specs.setdefault(_key(item), item)
        if len(links) > 1 and left:
            chains[row] = Chain(table.row(row).label, links, left)
    return Gaps(list(specs.values()), len(waiting), cannot, list(chains.values()))


def _key(spec: RunSpec) -> Key:
    return fingerprint(RunSpec.of(spec, seed=0)), spec.seed


class _Stored:
    """The fingerprints and seeds of the stored runs, by what they are good for."""

    def __init__(self, runs: pd.DataFrame) -> None:
        subset = len(runs) > 0
        self.done = _seeds(runs[counting(runs)] if subset else runs)
        self.busy = _seeds(runs[runs["status"].isin(UNDER_WAY)] if subset else runs)
        # Of the runs that are kept with the project there are numbers alone: nothing can start from them.
        # The same holds for those that another program has trained.
        here = ~runs["kept"].eq(True) if "kept" in runs else pd.Series(True, index=runs.index)
        here &= ~pooling.trained_elsewhere(runs)
        usable = (pooling.counts(runs) | runs["status"].isin(UNDER_WAY)) & here
        self._usable = _seeds(runs[usable] if subset else runs)
        self._diverged = _seeds(runs[runs["status"].eq("diverged") & here] if subset else runs) - self._usable

    def lacks(self, link: Link, seed: int, links: Sequence[Link]) -> bool:
        """Whether a link must be run: the last, and of those before it what cannot be taken from the store."""
        key = (fingerprint(link.spec), seed)
        if link is links[-1]:
            return key not in self.done
        taken = [item for item in links if fingerprint(link.spec) in takes(item.spec)]
        return key not in self._usable and any(self.lacks(item, seed, links) for item in taken)

    def diverged_before(self, links: Sequence[Link], seed: int) -> Link | None:
        """The link before the last that ended without weights to take, if any."""
        return next((link for link in links[:-1] if (fingerprint(link.spec), seed) in self._diverged), None)


def _seeds(runs: pd.DataFrame) -> set[Key]:
    return {
        (str(digest), int(seed))
        for digest, seed in zip(runs["fingerprint"], runs["seed"], strict=True)
        if digest == digest
    }
