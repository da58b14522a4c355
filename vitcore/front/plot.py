"""Plotly figures of stored runs, the app's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vitcore.errors import UserError
from vitcore.front.run import Run
from vitcore.front.stored import index

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def curves(
    runs: Run | str | Sequence[Run | str],
    *,
    x: str = "epoch",
    y: str | None = None,
    group: str | Sequence[str] | None = None,
    smoothing: float = 0.0,
    log_x: bool = False,
    log_y: bool = False,
    height: int = 420,
) -> go.Figure:
    """Learning curves laid over one another: a line a run, or a median with its 95 % interval a group of
    runs.

    Args:
        runs: runs or their ids; their order decides the colors.
        x: epoch, images_seen, training_seconds, cpu_seconds or macs.
        y: a metric of the epochs that can be drawn (figures.Y_AXES): val_error, val_accuracy, train_loss, ...; None:
            the validation accuracy, of runs without validation the test accuracy.
        group: column or columns of `vc.runs()` by which runs are put together, such as "kernel".
        smoothing: 0 (none) to below 1: weight of the past in an exponential mean.
        height: of the figure, in pixels.

    Raises:
        UserError: there is no such run, or none was given.
        ValueError: there is no such axis, or the smoothing is none.
    """
    import pandas as pd

    from vitcore import figures

    chosen = _chosen(runs)
    return figures.curves(
        pd.concat([each.curves for each in chosen], ignore_index=True),
        _rows(chosen),
        x=x,
        y=y,
        group=group,
        smoothing=smoothing,
        log_x=log_x,
        log_y=log_y,
        height=height,
    )


def confusion(run: Run | str, *, normalize: bool = False, height: int | None = None) -> go.Figure:
    """A run's confusion matrix after its last evaluation: rows the true class, columns the predicted one.

    Args:
        normalize: write shares of the row in percent instead of counts.
        height: of the figure, in pixels; None: by the number of classes.

    Raises:
        UserError: there is no such run, or it has not been evaluated yet.
    """
    from vitcore import figures

    (found,) = _chosen(run)
    matrix = found.confusion
    named = found.row["classes"]
    classes = list(named) if named is not None and len(named) == len(matrix) else [str(n) for n in range(len(matrix))]
    return figures.confusion(matrix, classes, normalize=normalize, height=height)


def _chosen(runs: Run | str | Sequence[Run | str]) -> list[Run]:
    """Each run once, in the order given."""
    several = [runs] if isinstance(runs, Run | str) else list(runs)
    if not several:
        raise UserError("there is no run to draw; give at least one, such as vc.plot.curves([run])")
    return list(dict.fromkeys(Run(each) if isinstance(each, str) else each for each in several))


def _rows(chosen: Sequence[Run]) -> pd.DataFrame:
    """Their rows of `vc.runs()`, in their order; runs of several results folders may stand beside one another."""
    import pandas as pd

    from vitcore.store import queries

    tables = {each.results.root: queries.runs(index(each.results)).set_index("id", drop=False) for each in chosen}
    rows = [tables[each.results.root].loc[[each.id]] for each in chosen]
    return rows[0] if len(rows) == 1 else pd.concat(rows)
