"""What stored runs are called among one another (spec.differing), asked of a table of runs."""

from __future__ import annotations

import pandas as pd

from vitcore.spec import differing, fields


def called(table: pd.DataFrame) -> differing.Called:
    """What each run of a table is called: a name that a person gave it, else the options in which it differs.

    Args:
        table: as store.queries.runs gives it; its options as far as it has them.
    """
    options = [each.name for each in fields() if each.name in table]
    wanted = {"architecture", "seed", *differing.SHARED}  # the rest is alike in all: cutting it out takes long
    wanted |= {name for name in options if _varies(table[name])}
    columns = ["id", "title", *(["origin"] if "origin" in table else []), *(name for name in options if name in wanted)]
    return differing.called(table[columns].to_dict("records"))


def _varies(column: pd.Series) -> bool:
    """Whether a column holds more than one value; of what cannot be counted, such as lists, it may."""
    try:
        return column.nunique(dropna=False) > 1
    except TypeError:
        return True


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
