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
    wanted |= {name for name in options if table[name].astype(str).nunique() > 1}
    columns = ["id", "title", *(name for name in options if name in wanted)]
    return differing.called(table[columns].to_dict("records"))
