"""What stored runs are called among one another (spec.differing), asked of a table of runs."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from vitcore.spec import differing, fields
from vitcore.store.cells import differs


def called(table: pd.DataFrame) -> differing.Called:
    """What each run of a table is called: a name that a person gave it, else the options in which it differs.

    Args:
        table: as store.queries.runs gives it; its options as far as it has them.
    """
    return differing.called(_rows(table, "id", "title", "origin"))


def what_differs(table: pd.DataFrame) -> list[str]:
    """Of each run of a table the options in which it differs from some other, in words; empty where none does."""
    return differing.names(_rows(table))


def _rows(table: pd.DataFrame, *besides: str) -> list[dict[Hashable, Any]]:
    """Its runs' options that differ and those that names begin with: cutting out what is alike in all takes long."""
    always = {*besides, "architecture", "seed", *differing.SHARED}
    options = (each.name for each in fields())
    wanted = [name for name in (*besides, *options) if name in table and (name in always or differs(table[name]))]
    return table[wanted].to_dict("records")


def called_settings(table: pd.DataFrame) -> dict[str, str]:
    """What each setting is called, by its fingerprint: as `called`, but without a seed: several may be behind it."""
    rows = []
    for row in table.drop_duplicates("fingerprint").to_dict("records"):
        title = str(row["title"])
        rows.append({**row, "title": title.rpartition(", seed")[0] + ", seed 0" if differing.automatic(row) else title})
    first = pd.DataFrame(rows).assign(seed=0)
    names = called(first).names
    return {
        str(fingerprint): names[str(id)].removesuffix(", seed 0")
        for fingerprint, id in zip(first["fingerprint"], first["id"], strict=True)
    }
