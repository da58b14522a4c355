"""Where a cell's number comes from: the SQL that reads its values, the runs, the command, a notebook cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vitcore.published.chains import command
from vitcore.reproduction.tables import Result, ResultTable


@dataclass(frozen=True)
class Provenance:
    """The evidence for one cell of a result table.

    Attributes:
        sql: for DuckDB in the project's folder: a row a run, its `seed` and its `value` in the table's unit; of runs
            stored here it reads the snapshot results/runs.duckdb, of runs kept with the project their CSV files. Empty
            where no run is counted.
        runs: ids of the runs whose values the number is the median of, by seed.
        command: trains the first of them; of a count, counts. Empty where the cell cannot be run.
        notebook: Python that computes the cell again, with its interval and verdict.
    """

    sql: str
    runs: tuple[str, ...]
    command: str
    notebook: str


def provenance(result: ResultTable, row: str, column: str, runs: pd.DataFrame) -> Provenance:
    """The evidence for a cell.

    Args:
        runs: stored ones and those kept with the project, as the table was made of.

    Raises:
        KeyError: the table has no such cell.
    """
    item = result.at(row, column)
    ids = [item.runs[seed] for seed in sorted(item.runs)]
    saved = set(runs.loc[runs["kept"].astype(bool), "id"]) if "kept" in runs and len(runs) else set()
    stored, elsewhere = [id for id in ids if id not in saved], [id for id in ids if id in saved]
    parts = [_select(item, here, where) for here, where in ((stored, _STORED), (elsewhere, _PUBLISHED)) if here]
    sql = "\nUNION ALL\n".join(parts)
    return Provenance(
        f"{sql}\nORDER BY seed" if sql else "",
        tuple(ids),
        _command(result, item),
        _notebook(result, row, column, epochs=item.row.epoch is not None),
    )


_STORED = ("runs JOIN last ON last.run_id = runs.id", "runs", "epochs", "last.")
_PUBLISHED = (
    "'vitcore/published/data/runs.csv'",
    "'vitcore/published/data/runs.csv'",
    "'vitcore/published/data/epochs.csv'",
    "",
)
"""From where runs with their last values, runs, and epochs are read; and whose column a last value is."""


def _select(item: Result, ids: Sequence[str], where: tuple[str, str, str, str]) -> str:
    """Ids are the results folder's own, of letters, digits and dashes alone (`runs.folder.checked`)."""
    both, runs, epochs, last = where
    source, factor = item.metric.source, item.metric.factor
    value = source if factor == 1 else f"{source} * {factor:g}"
    named = ", ".join(f"'{id}'" for id in ids)
    if item.row.epoch is None:
        return f"SELECT seed, {last}{value} AS value, id FROM {both}\nWHERE id IN ({named})"
    return (
        f"SELECT r.seed, e.{value} AS value, r.id FROM {runs} AS r JOIN {epochs} AS e ON e.run_id = r.id\n"
        f"WHERE r.id IN ({named}) AND e.epoch = {item.row.epoch}"
    )


def _command(result: ResultTable, item: Result) -> str:
    if item.metric.kind == "count":
        return f"python -m vitcore models {item.spec.model.architecture} --json" if item.spec else ""
    if item.spec is None:
        return ""
    spec = item.spec.model_copy(update={"seed": min(item.runs, default=item.spec.seed)})
    return command(spec, result.table.key, item.row.key, result.protocol)


def _notebook(result: ResultTable, row: str, column: str, *, epochs: bool) -> str:
    lines = [
        *(["import pandas as pd", ""] if epochs else []),
        "import vitcore as vc",
        "from vitcore.published.tables import table",
        f"from vitcore.reproduction.evidence import {'stored_epochs, ' if epochs else ''}with_stored",
        f"from vitcore.reproduction.tables import {'epoch_runs, ' if epochs else ''}results",
        "",
        f"known = table({result.table.key!r})",
        "runs = with_stored(vc.runs())  # stored runs, and those kept with the project",
    ]
    more = ""
    if epochs:
        lines += [
            f"ids = epoch_runs(known, {result.protocol!r}, runs)",
            "own = [vc.run(id).curves.assign(run_id=id) for id in ids if id in set(vc.runs()['id'])]",
            "epochs = pd.concat([*own, stored_epochs(ids)])",
        ]
        more = ", epochs=epochs"
    lines += [
        f"cell = results(known, runs, {result.protocol!r}{more}).at({row!r}, {column!r})",
        "cell.values, cell.measured, cell.verdict  # value by seed; median and 95 % interval; what it says",
    ]
    return "\n".join(lines)
