"""The stored runs and the reports' published numbers, as DataFrames."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from vitcore.runs.folder import Results

if TYPE_CHECKING:
    import pandas as pd

    from vitcore.store.index import Index

_indexes: dict[Path, Index] = {}
_building = threading.Lock()


def runs() -> pd.DataFrame:
    """Every stored run, newest first: its options, how far it is and what it has reached, as Compare shows them.

    results/README.md has every column. The results folder is the environment's VITCORE_RESULTS, else ./results.

    Raises:
        UserError: the results folder cannot be read.
    """
    from vitcore.store import queries

    return queries.runs(index(Results()))


def index(results: Results) -> Index:
    """The index of a results folder, brought up to date; built once a process."""
    from vitcore.store.index import Index

    with _building:
        if results.root not in _indexes:
            found = _indexes[results.root] = Index(results)
            if found.notice:
                warnings.warn(found.notice, stacklevel=3)
        found = _indexes[results.root]
    found.poll()
    return found


def published(table: str | None = None) -> pd.DataFrame:
    """The reports' tables; of one that is named, its numbers as published, a line a cell.

    Args:
        table: a name from the index of `published()`, such as "performer-table-1".

    Returns:
        Without a name: `report`, `place`, `title` by the table's name. With one: `row`, `column`, `value`, `printed`
        (as it stands in the report, "< 0.01" included), `unit`, `note`, `source`.

    Raises:
        UserError: there is no table of that name.
    """
    import pandas as pd

    from vitcore.published import tables as data

    if table is None:
        found = data.tables().values()
        facts = [{"report": each.report, "place": each.place, "title": each.title} for each in found]
        return pd.DataFrame(facts, index=pd.Index([each.key for each in found], name="table"))
    whole, signs = data.table(table), {"below": "< ", "above": "> ", "": ""}
    return pd.DataFrame(
        [
            {
                "row": whole.row(cell.row).label,
                "column": whole.column(cell.column).title,
                "value": cell.value,
                "printed": signs[cell.bound] + cell.printed,
                "unit": whole.column(cell.column).unit,
                "note": cell.note,
                "source": whole.source(cell.row, cell.column),
            }
            for cell in whole.cells
        ]
    )
