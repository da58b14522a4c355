"""The reports' own figures, published and ours together, drawn from a table and the runs behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vitcore import figures
from vitcore.figures import Series
from vitcore.published.metrics import METRICS
from vitcore.published.parts import Column
from vitcore.published.tables import Figure
from vitcore.reproduction.cell_runs import COUNTED, averaged, matching
from vitcore.reproduction.tables import Result, ResultTable


def draw(
    figure: Figure,
    result: ResultTable,
    runs: pd.DataFrame,
    *,
    epochs: pd.DataFrame | None = None,
    matrix: np.ndarray | None = None,
    classes: Sequence[str] = (),
    log_y: bool = False,
) -> go.Figure | None:
    """The figure, or None where there is nothing to draw yet.

    Args:
        epochs: for curves: the epochs of the runs that `runs_behind` names.
        matrix: for confusion: that run's matrix after the figure's epoch, and its `classes`.
    """
    if figure.chart == "bars":
        return _bars(figure, result, log_y)
    if figure.chart == "scatter":
        return _scatter(figure, result)
    if figure.chart == "curves":
        return _curves(figure, result, runs, epochs)
    return None if matrix is None else figures.confusion(matrix, classes, revision=figure.key)


def runs_behind(figure: Figure, result: ResultTable, runs: pd.DataFrame) -> pd.DataFrame:
    """The stored runs whose epochs or matrices the figure shows, with the table's row as `row`.

    A curve is a median, so that it has the runs of the table's own medians; a matrix is one run's, and may be of one
    that is still under way.
    """
    found, names = [], result.table.names()
    for item in result.results:
        if item.column.metric == figure.metric and item.spec is not None:
            own = matching(item.spec, runs)
            under_way = own["status"].isin([*COUNTED, "running", "stopped"])
            subset = averaged(own) if figure.chart == "curves" else own[under_way] if len(own) else own
            if len(subset):
                found.append(subset.assign(row=names[item.row.key]))
    behind = pd.concat(found) if found else runs.iloc[:0].assign(row="")
    return behind.drop_duplicates("id")


def _bars(figure: Figure, result: ResultTable, log_y: bool) -> go.Figure:
    columns = [column for column in result.table.columns if column.metric == figure.metric]
    series = []
    for place, column in enumerate(columns):
        cells = [result.at(row.key, column.key) for row in result.table.rows]
        where = f"{column.group}, " if column.group else ""
        values = [cell.published.value if cell.published else None for cell in cells]
        series.append(Series(f"{where}published", values, published=True, place=place if len(columns) > 1 else None))
        if any(cell.values for cell in cells):
            series.append(_measured(f"{where}ours{_marker(result)}", cells, place))
    labels = list(result.table.names().values())
    log_y = log_y and METRICS[figure.metric].kind == "result"  # seconds lie close together: a bar from 0 is honest
    return figures.bars(labels, series, y=columns[0].label, log_y=log_y, revision=f"{figure.key}:{log_y}")


def _measured(name: str, cells: Sequence[Result], place: int) -> Series:
    known = [None if math.isnan(cell.measured.center) else cell.measured for cell in cells]
    return Series(
        name,
        [item.center if item else None for item in known],
        [item.low if item else None for item in known],
        [item.high if item else None for item in known],
        place=place,
    )


def _marker(result: ResultTable) -> str:
    return f" ({result.table.protocols[result.protocol].label})" if result.scaled else ""


def _scatter(figure: Figure, result: ResultTable) -> go.Figure:
    """Accuracy against size: published points hollow, ours filled with error bars."""
    size = result.table.column(figure.size)
    points, names = [], result.table.names()
    for row in result.table.rows:
        own, large = result.at(row.key, figure.column), result.at(row.key, size.key)
        if large.published is None or (figure.most is not None and large.published.value > figure.most):
            continue
        where = {"label": names[row.key], "family": row.group, "size": large.published.value * _millions(size)}
        if own.published:
            points.append({**where, "accuracy": own.published.value, "published": True})
        if own.values:
            interval = {"low": own.measured.low, "high": own.measured.high}
            points.append({**where, "accuracy": own.measured.center, "published": False, **interval})
    frame = pd.DataFrame(points).reindex(columns=["label", "family", "size", "accuracy", "published", "low", "high"])
    return figures.accuracy_against_size(
        frame, x="size", x_title="Parameters", y_title=f"{result.table.column(figure.column).label} accuracy (%)",
        front=True, revision=figure.key,
    )  # fmt: skip


def _millions(column: Column) -> float:
    return 1e6 if column.unit == "M" else 1.0


def _curves(figure: Figure, result: ResultTable, runs: pd.DataFrame, epochs: pd.DataFrame | None) -> go.Figure | None:
    behind = runs_behind(figure, result, runs)
    if epochs is None or epochs.empty or behind.empty:
        return None
    return figures.curves(epochs, behind, y=figure.metric, group="row", revision=figure.key)
