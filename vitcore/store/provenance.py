"""Where numbers come from: the SQL that reads them, the runs, the command that makes them, a notebook cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 200  # runs that an SQL text names


@dataclass(frozen=True)
class Provenance:
    """The evidence for a number, a sentence or a figure.

    Attributes:
        sql: for DuckDB in the project's folder; of runs stored here it reads the snapshot results/runs.duckdb, of runs
            kept with the project their CSV files. Empty where no run is counted.
        runs: ids of the runs behind it.
        command: makes or lists it on the command line; empty where none does.
        notebook: Python that computes it again; its last line's value is what is shown.
    """

    sql: str
    runs: tuple[str, ...]
    command: str
    notebook: str


def of_runs(ids: Sequence[str], metrics: Sequence[str]) -> Provenance:
    """The evidence for runs' last values.

    Args:
        ids: of stored runs, at most MOST of them are named.
        metrics: columns of the table `last`, such as "error_percent".
    """
    named = list(ids)[:MOST]
    values = "".join(f", last.{name}" for name in metrics)
    sql = (
        f"SELECT runs.id, runs.seed, runs.status{values}\nFROM runs LEFT JOIN last ON last.run_id = runs.id\n"
        f"WHERE runs.id IN ({_quoted(named)})\nORDER BY runs.id"
    )
    notebook = (
        "import vitcore as vc\n\n"
        f"ids = {named!r}\nruns = vc.runs()\n"
        f"runs[runs['id'].isin(ids)].sort_values('id')[{['id', 'seed', 'status', *metrics]!r}]"
    )
    return Provenance(sql if named else "", tuple(named), "python -m vitcore runs --csv", notebook)


def of_curves(ids: Sequence[str], metric: str) -> Provenance:
    """The evidence for runs' curves of a metric by epoch; `metric` is a column of the table `epochs`."""
    named = list(ids)[:MOST]
    sql = f"SELECT run_id, epoch, {metric}\nFROM epochs\nWHERE run_id IN ({_quoted(named)})\nORDER BY run_id, epoch"
    notebook = (
        "import pandas as pd\n\nimport vitcore as vc\n\n"
        f"ids = {named!r}\n"
        "curves = pd.concat([vc.run(id).curves.assign(run_id=id) for id in sorted(ids)])\n"
        f"curves[['run_id', 'epoch', {metric!r}]]"
    )
    return Provenance(sql if named else "", tuple(named), "", notebook)


def _quoted(ids: Sequence[str]) -> str:
    """Ids are the results folder's own, of letters, digits and dashes alone (`runs.folder.checked`)."""
    return ", ".join(f"'{id}'" for id in ids)
