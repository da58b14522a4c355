"""Queueing runs of which some take the weights of others: each waits for what it takes, or takes what is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from vitcore.cost import built
from vitcore.cost.estimate import CostEstimate
from vitcore.errors import UserError
from vitcore.published.chains import takes
from vitcore.reproduction.cell_runs import fingerprint
from vitcore.reproduction.missing import UNDER_WAY
from vitcore.runs import origins, queue, teachers
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import pooling

Known = dict[tuple[str, int], "_Source"]


class _Source(NamedTuple):
    """A run whose weights can be taken: its id, None before it is queued, and its spec."""

    id: str | None
    spec: RunSpec


def queue_all(
    results: Results, specs: Sequence[RunSpec], runs: pd.DataFrame, expected: Callable[[RunSpec], CostEstimate | None]
) -> list[str]:
    """Queue runs in this order; their ids. What a run takes is stored or under way, or stands before it.

    Args:
        runs: as store.queries.runs gives them.

    Raises:
        UserError: what a run takes is nowhere, or does not fit, or timm cannot build a network; nothing is queued then.
    """
    stored = _stored(results, runs, {(digest, spec.seed) for spec in specs for digest in takes(spec)})
    _check(specs, stored)
    for spec in specs:
        built.check(spec)
    known, ids = dict(stored), []
    for spec in specs:
        needed = {digest: known[digest, spec.seed].id or "" for digest in takes(spec)}
        if needed:
            linked = _linked(spec, needed)
            ids.append(queue.put(results, linked, expected(spec), after=list(needed.values())))
        else:
            ids.append(queue.enqueue(results, spec, expected(spec)))
        known[_key(spec)] = _Source(ids[-1], spec)
    return ids


def _linked(spec: RunSpec, ids: Mapping[str, str]) -> RunSpec:
    """The spec with the ids of the runs that its fingerprints stand for."""
    init, teacher = spec.init.init_fingerprint, spec.init.teacher_fingerprint
    named = {"init_from": ids.get(init or ""), "teacher": ids.get(teacher or "")}
    return RunSpec.of(spec, **{name: id for name, id in named.items() if id})


def _stored(results: Results, runs: pd.DataFrame, wanted: set[tuple[str, int]]) -> Known:
    """The stored runs that can be taken: the latest that has finished, else one under way."""
    if runs.empty or not wanted:
        return {}
    here = runs[~runs["kept"].eq(True)] if "kept" in runs else runs
    here = here[~pooling.trained_elsewhere(here)]  # of which there are no weights
    finished = pooling.counts(here)
    usable = here[finished | here["status"].isin(UNDER_WAY)].assign(finished=finished)
    found: Known = {}
    for row in usable.sort_values(["finished", "id"]).to_dict("records"):
        if row["fingerprint"] == row["fingerprint"] and (row["fingerprint"], row["seed"]) in wanted:
            found[row["fingerprint"], int(row["seed"])] = _Source(row["id"], results.run(row["id"]).spec())
    return found


def _check(specs: Sequence[RunSpec], stored: Known) -> None:
    """Hold that every run finds what it takes, and that it fits."""
    known = dict(stored)
    for spec in specs:
        for digest in takes(spec):
            source = known.get((digest, spec.seed))
            if source is None:
                raise UserError(
                    f"{spec.title()} takes the run of another recipe ({digest}, seed {spec.seed}), which is neither "
                    "stored nor queued with it; ask for both"
                )
            called = source.spec.title()
            if digest == spec.init.init_fingerprint:
                origins.hold(called, source.spec, spec)
            if digest == spec.init.teacher_fingerprint:
                teachers.hold(called, source.spec, spec)
        known[_key(spec)] = _Source(None, spec)


def _key(spec: RunSpec) -> tuple[str, int]:
    return fingerprint(RunSpec.of(spec, seed=0)), spec.seed
