"""What a person asks to be filled in, over one or several tables: each run once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from vitcore.errors import UserError
from vitcore.published.tables import Table, table
from vitcore.reproduction.cell_runs import counting, fingerprint, matching
from vitcore.reproduction.missing import UNDER_WAY, Chain, missing
from vitcore.spec import RunSpec


def requested(
    keys: Sequence[str],
    runs: pd.DataFrame,
    seeds: Sequence[int],
    protocol: str,
    *,
    rows: Collection[str] | None = None,
    columns: Collection[str] | None = None,
    explanations: bool = False,
) -> tuple[list[RunSpec], int]:
    """Missing runs of several tables, seed by seed (all cells have one seed before any has two), and those under way.

    Args:
        rows, columns: labels or keys; None or empty: all.

    Raises:
        UserError: no such table, protocol, row or column.
    """
    specs: dict[tuple[str, int], RunSpec] = {}
    under_way = 0
    for key in keys:
        item = table(key)
        if protocol not in item.protocols:
            raise UserError(f"{key} has no protocol {protocol!r}; it has {', '.join(item.protocols)}")
        gaps = missing(item, runs, seeds, protocol, **_chosen(item, rows, columns))
        under_way += gaps.under_way
        wanted = [*gaps.specs, *(_unexplained(item, runs, seeds, protocol) if explanations else [])]
        for spec in wanted:  # the first stays in its place: before what takes it
            specs.setdefault((fingerprint(spec.model_copy(update={"seed": 0})), spec.seed), spec)
    return sorted(specs.values(), key=lambda spec: spec.seed), under_way


def chains_of(
    keys: Sequence[str],
    runs: pd.DataFrame,
    seeds: Sequence[int],
    protocol: str,
    *,
    rows: Collection[str] | None = None,
    columns: Collection[str] | None = None,
) -> list[Chain]:
    """The chains among what `asked_for` gives: rows of these tables whose runs take other runs' weights."""
    found: list[Chain] = []
    for key in keys:
        item = table(key)
        found += missing(item, runs, seeds, protocol, **_chosen(item, rows, columns)).chains
    return found


def _chosen(item: Table, rows: Collection[str] | None, columns: Collection[str] | None) -> dict[str, list[str] | None]:
    """The keys of the rows and columns that are asked for; None: all."""
    labels = {each.key: each.label for each in item.rows}
    titles = {each.key: each.title for each in item.columns}
    return {
        "rows": [_key(item, "row", name, labels) for name in rows] if rows else None,
        "columns": [_key(item, "column", name, titles) for name in columns] if columns else None,
    }


def _key(item: Table, kind: str, name: str, labels: dict[str, str]) -> str:
    """The one row or column that has this key, or this label."""
    found = [name] if name in labels else [key for key, label in labels.items() if label == name]
    if not found:
        raise UserError(f"{item.key} has no {kind} {name!r}; it has {', '.join(labels)}")
    if len(found) > 1:
        raise UserError(f"{item.key} has {len(found)} {kind}s that are called {name!r}; say which: {', '.join(found)}")
    return found[0]


def _unexplained(item: Table, runs: pd.DataFrame, seeds: Sequence[int], protocol: str) -> list[RunSpec]:
    found = []
    for explanation in item.explanations:
        for recipe in explanation.recipes:
            base = item.explanation_spec(explanation, recipe, protocol)
            own = matching(base, runs)
            there = set(own.loc[counting(own) | own["status"].isin(UNDER_WAY), "seed"]) if len(own) else set()
            found += [RunSpec.of(base, seed=seed) for seed in seeds if seed not in there]
    return found
