"""Where a cell's number comes from: the SQL that reads its values, the runs, the command, a notebook cell."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vitcore.published.chains import command
from vitcore.reproduction.tables import Result, ResultTable
from vitcore.store.provenance import Provenance


def provenance(result: ResultTable, row: str, column: str, runs: pd.DataFrame) -> Provenance:
    """The evidence for a cell: by SQL a row a run, its `seed` and its `value` in the table's unit.

    Args:
        runs: stored ones and those kept with the project, as the table was made of.

    Raises:
        KeyError: the table has no such cell.
    """
    item = result.at(row, column)
    sql = "\nUNION ALL\n".join(_selects(item, _of_project(runs)))
    return Provenance(
        f"{sql}\nORDER BY seed" if sql else "",
        tuple(_ids(item)),
        _command(result, item),
        _notebook(result, row, column, epochs=item.row.epoch is not None),
    )


def of_table(result: ResultTable, runs: pd.DataFrame) -> Provenance:
    """The evidence for what is said of a whole table: every value of every cell, and the sentences again.

    Args:
        runs: stored ones and those kept with the project, as the table was made of.
    """
    of_project = _of_project(runs)
    filled = [item for item in result.results if item.runs]
    parts = [
        f"SELECT '{item.row.key}' AS cell_row, '{item.column.key}' AS cell_column, * FROM ({select})"
        for item in filled
        for select in _selects(item, of_project)
    ]
    sql = "\nUNION ALL\n".join(parts)
    counterpart = result.table.counterpart
    return Provenance(
        f"{sql}\nORDER BY cell_row, cell_column, seed" if sql else "",
        tuple(dict.fromkeys(id for item in filled for id in _ids(item))),
        f"python -m vitcore reports fill {result.table.key} --protocol {result.protocol}",
        "\n".join(
            [
                *_beginning(
                    result, epochs=_by_epoch(result), more="from vitcore.reproduction.paragraph import paragraph"
                ),
                *([f"other = results(table({counterpart!r}), runs, {result.protocol!r})"] if counterpart else []),
                f"made = results(known, runs, {result.protocol!r}{', epochs=epochs' * _by_epoch(result)})",
                f"paragraph(made, runs, {'other' if counterpart else 'None'})  # the sentences",
            ]
        ),
    )


def _by_epoch(result: ResultTable) -> bool:
    return any(row.epoch is not None for row in result.table.rows)


def _ids(item: Result) -> list[str]:
    return [item.runs[seed] for seed in sorted(item.runs)]


def _of_project(runs: pd.DataFrame) -> set[str]:
    """Ids of the runs that are kept with the project."""
    return set(runs.loc[runs["kept"].astype(bool), "id"]) if "kept" in runs and len(runs) else set()


def _selects(item: Result, of_project: set[str]) -> list[str]:
    ids = _ids(item)
    parts = ([id for id in ids if id not in of_project], _STORED), ([id for id in ids if id in of_project], _PUBLISHED)
    return [_select(item, here, where) for here, where in parts if here]


_SENTENCES = "from vitcore.reproduction.paragraph import paragraph"
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
    more = ", epochs=epochs" if epochs else ""
    lines = [
        *_beginning(result, epochs=epochs),
        f"cell = results(known, runs, {result.protocol!r}{more}).at({row!r}, {column!r})",
        "cell.values, cell.measured, cell.verdict  # value by seed; median and 95 % interval; what it says",
    ]
    return "\n".join(lines)


def _beginning(result: ResultTable, *, epochs: bool, more: str = "") -> list[str]:
    """The lines of a notebook cell up to the table and its runs, and their epochs where rows are epochs."""
    lines = [
        *(["import pandas as pd", ""] if epochs else []),
        "import vitcore as vc",
        "from vitcore.published.tables import table",
        f"from vitcore.reproduction.evidence import {'stored_epochs, ' if epochs else ''}with_stored",
        *([more] if more else []),
        *(["from vitcore.reproduction.cell_runs import epoch_runs"] if epochs else []),
        "from vitcore.reproduction.tables import results",
        "",
        f"known = table({result.table.key!r})",
        "runs = with_stored(vc.runs())  # stored runs, and those kept with the project",
    ]
    if epochs:
        lines += [
            f"ids = epoch_runs(known, {result.protocol!r}, runs)",
            "own = [vc.run(id).curves.assign(run_id=id) for id in ids if id in set(vc.runs()['id'])]",
            "epochs = pd.concat([*own, stored_epochs(ids)])",
        ]
    return lines
