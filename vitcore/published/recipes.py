"""The recipes of the reports' tables as specs that a run can start from, each with where it was read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from vitcore.errors import UserError
from vitcore.published.metrics import METRICS
from vitcore.published.tables import Table, reports, tables
from vitcore.spec import RunSpec


@dataclass(frozen=True)
class PublishedRecipe:
    """A spec of a cell: `label` names report, table and row; `scaled`: shorter than the report's own."""

    label: str
    spec: RunSpec
    source: str
    scaled: bool


@cache
def recipes() -> tuple[PublishedRecipe, ...]:
    """Every recipe that is a run of its own, the reports' own before scaled ones, none twice.

    Those that begin with other runs' weights or answers are queued as chains on the reports' pages.
    """
    found: dict[RunSpec, PublishedRecipe] = {}
    for scaled in (False, True):
        for table in tables().values():
            for name, protocol in table.protocols.items():
                if protocol.scaled is scaled:
                    for recipe in _of(table, name):
                        found.setdefault(recipe.spec, recipe)
    return tuple(found.values())


def of(architecture: str, dataset: str) -> tuple[PublishedRecipe, ...]:
    """The reports' own recipes, none scaled, of a network on a dataset."""
    return tuple(
        recipe
        for recipe in recipes()
        if not recipe.scaled and (recipe.spec.model.architecture, recipe.spec.data.dataset) == (architecture, dataset)
    )


def _of(table: Table, name: str) -> list[PublishedRecipe]:
    """The recipes of a table under one protocol."""
    found, called, protocol = [], table.names(), table.protocols[name]
    title = f"{reports()[table.report].title}, {table.place}"
    several = len({column.key for column in table.columns if METRICS[column.metric].kind == "result"}) > 1
    for row in table.rows:
        for column in table.columns:
            if METRICS[column.metric].kind != "result":
                continue
            try:
                chain = table.chain(row.key, column.key, name)
            except UserError:
                continue
            if len(chain) == 1:
                parts = [called[row.key], *([column.title] if several else [])]
                words = f"{title}: {', '.join(parts)}{f' ({protocol.label})' if protocol.scaled else ''}"
                found.append(PublishedRecipe(words, chain[0].spec, chain[0].source, protocol.scaled))
    return found
