"""Where numbers come from: the SQL that reads them, the runs, the command that makes them, a notebook cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitcore import events
from vitcore.store import tables

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


def of_columns(ids: Sequence[str], names: Sequence[str]) -> Provenance:
    """The evidence for what a table or a chart shows of runs.

    Args:
        ids: of stored runs, at most MOST of them are named.
        names: columns of `vitcore.runs()`: options, results and whatever else stands there.
    """
    named, own = list(ids)[:MOST], list(dict.fromkeys(name for name in names if name != "id"))
    known = tables.expressions()
    values = "".join(f",\n    {known.get(name, _column(name))} AS {_column(name)}" for name in own)
    sql = (
        f"SELECT runs.id{values}\nFROM runs LEFT JOIN last ON last.run_id = runs.id\n"
        f"WHERE runs.id IN ({_quoted(named)})\nORDER BY runs.id"
    )
    notebook = (
        "import vitcore as vc\n\n"
        f"ids = {named!r}\nruns = vc.runs()\n"
        f"runs[runs['id'].isin(ids)].sort_values('id')[{['id', *own]!r}]"
    )
    return Provenance(sql if named else "", tuple(named), "python -m vitcore runs --csv", notebook)


def of_curve_difference(first: str, second: str, metric: str, factor: int = 1) -> Provenance:
    """The evidence for A − B of a metric at the epochs of which both runs have it.

    Args:
        metric: a column of a run's `curves`.
        factor: 100 where a share is told in points.
    """
    times = f"{factor} * " if factor != 1 else ""
    a, b = (_of_epochs(metric, name) for name in "ab")
    sql = (
        f"SELECT epoch, {times}({a} - {b}) AS difference\nFROM epochs AS a JOIN epochs AS b USING (epoch)\n"
        f"WHERE a.run_id = '{first}' AND b.run_id = '{second}' AND NOT isnan({a} - {b})\nORDER BY epoch"
    )
    notebook = (
        "import vitcore as vc\n\n"
        f"a, b = (vc.run(id).curves.set_index('epoch')[{metric!r}] for id in ({first!r}, {second!r}))\n"
        f"({times}(a - b)).dropna().rename('difference').reset_index()"
    )
    return Provenance(sql, (first, second), "", notebook)


def of_answers(first: str, second: str) -> Provenance:
    """The evidence for what two runs answered to the same test images, and for their confusion matrices.

    Both lie in the runs' own files, which no SQL reads.
    """
    notebook = (
        "import vitcore as vc\nfrom vitcore.analysis.disagreement import disagreement\n"
        "from vitcore.runs.folder import Results\n\n"
        f"ids = ({first!r}, {second!r})\n"
        "found = disagreement(*(Results().run(id) for id in ids))\n"
        "a, b = (vc.run(id).confusion for id in ids)  # (true class, class answered)\n"
        "found.sentence, found.first_alone, found.second_alone, a, b"
    )
    return Provenance("", (first, second), "", notebook)


def of_curves(ids: Sequence[str], metric: str) -> Provenance:
    """The evidence for runs' curves of a metric by epoch; `metric` is a column of a run's `curves`."""
    named = list(ids)[:MOST]
    value = metric if metric not in events.HELD_OUT else f"{_of_epochs(metric)} AS {metric}"
    sql = f"SELECT run_id, epoch, {value}\nFROM epochs\nWHERE run_id IN ({_quoted(named)})\nORDER BY run_id, epoch"
    notebook = (
        "import pandas as pd\n\nimport vitcore as vc\n\n"
        f"ids = {named!r}\n"
        "curves = pd.concat([vc.run(id).curves.assign(run_id=id) for id in sorted(ids)])\n"
        f"curves[['run_id', 'epoch', {metric!r}]]"
    )
    return Provenance(sql if named else "", tuple(named), "", notebook)


def _of_epochs(metric: str, table: str = "epochs") -> str:
    """A column of a run's `curves`, of the table `epochs` under another name."""
    parts = [f"{table}.{name}" for name in events.HELD_OUT.get(metric, (metric,))]
    return f"coalesce({', '.join(parts)})" if len(parts) > 1 else parts[0]


def _column(name: str) -> str:
    return f'"{name}"'


def _quoted(ids: Sequence[str]) -> str:
    """Ids are the results folder's own, of letters, digits and dashes alone (`runs.folder.checked`)."""
    return ", ".join(f"'{id}'" for id in ids)
