"""What a study is made of: the rows, epochs and matrices of its runs, of those behind its tables too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from vitcore.errors import UserError
from vitcore.published import tables
from vitcore.published.tables import Table
from vitcore.reproduction.cell_runs import cell_specs, matching
from vitcore.reproduction.charts import runs_behind
from vitcore.reproduction.evidence import stored_confusion, stored_epochs, with_stored
from vitcore.reproduction.tables import ResultTable, results
from vitcore.store import naming, queries
from vitcore.store.index import Index
from vitcore.study.contents import Study, split

ENDED = ("finished", "stopped", "diverged", "failed")
"""What a run can have come to that is handed in: nothing of it changes any more."""

MOMENTS = ("created", "started", "ended", "at")  # columns of runs and epochs, in UTC


@dataclass(frozen=True)
class Material:
    """Everything that tables and figures are made of.

    Attributes:
        runs: as store.queries.runs gives them, and `kept`: those of the project, which no results folder holds. The
            study's own first, in its order.
        epochs: as store.queries.epochs gives them.
        matrices: run id, epoch and confusion matrix (classes, classes) on the test images.
    """

    study: Study
    runs: pd.DataFrame
    epochs: pd.DataFrame
    matrices: tuple[tuple[str, int, np.ndarray], ...]

    def chosen(self) -> pd.DataFrame:
        """The rows of the study's own runs, in its order; `title` is what tells each from the others."""
        rows = self.runs.set_index("id", drop=False).loc[list(self.study.runs)].reset_index(drop=True)
        return rows.assign(title=rows["id"].astype(str).map(naming.called(rows).names))

    def common(self) -> str:
        """What the study's own runs share; of one run nothing, its title says it."""
        rows = self.runs.set_index("id", drop=False).loc[list(self.study.runs)].reset_index(drop=True)
        return naming.called(rows).common

    @cached_property
    def tables(self) -> dict[str, ResultTable]:
        """The study's tables by `TABLE:PROTOCOL`, with its runs in them."""
        parted = {named: split(named) for named in self.study.tables}
        return {
            named: results(known, self.runs, protocol, epochs=self.epochs)
            for named, (known, protocol) in parted.items()
        }

    def matrix(self, id: str, epoch: int | None = None) -> np.ndarray | None:
        """A run's matrix after an epoch, after its last where none is named; None: there is none."""
        found = [(number, matrix) for run, number, matrix in self.matrices if run == id and epoch in (None, number)]
        return max(found, key=lambda each: each[0])[1] if found else None


def gather(study: Study, index: Index) -> Material:
    """What the study needs of the stored runs and of those kept with the project.

    Raises:
        UserError: a run is not stored, or has not ended.
    """
    stored = queries.runs(index)
    for id in study.runs:
        row = stored[stored["id"] == id]
        if row.empty:
            raise UserError(f"there is no run {id[:80]!r} in {index.results.runs}; `vitcore runs` lists those that are")
        status = row.iloc[0]["status"]
        if status not in ENDED:
            raise UserError(f"run {id} is {status}, so its numbers may still change; wait for its end, or stop it")
    every = with_stored(stored)
    every = every[every["status"].isin(ENDED)]
    ids = list(study.runs)
    for named in study.tables:
        known, protocol = split(named)
        ids += _behind(known, protocol, every)
    runs = every.set_index("id", drop=False).loc[list(dict.fromkeys(ids))].reset_index(drop=True)
    built_in = [str(id) for id in runs.loc[runs["kept"].astype(bool), "id"]]
    epochs = [queries.epochs(index, [id for id in runs["id"] if id not in built_in]), stored_epochs(built_in)]
    whole = pd.concat([each for each in epochs if len(each)], ignore_index=True) if any(map(len, epochs)) else epochs[0]
    _read_moments(runs)
    _read_moments(whole)
    return Material(study, runs, whole, tuple(_matrices(study, runs, index)))


def _read_moments(frame: pd.DataFrame) -> None:
    """In place: of kept runs the project's CSV has the text of a moment."""
    for name in (name for name in MOMENTS if name in frame):
        moments = pd.to_datetime(frame[name].astype(str), utc=True, format="ISO8601", errors="coerce")
        frame[name] = moments.dt.tz_localize(None)


def _behind(known: Table, protocol: str, runs: pd.DataFrame) -> list[str]:
    specs = dict.fromkeys(spec for spec, _ in cell_specs(known, protocol).values() if spec)
    return [str(id) for spec in specs for id in matching(spec, runs)["id"]]


def _matrices(study: Study, runs: pd.DataFrame, index: Index) -> list[tuple[str, int, np.ndarray]]:
    """The last matrix of each of the study's own runs, and those of its tables' figures."""
    wanted: list[tuple[str, int | None]] = [(id, None) for id in study.runs]
    for named in study.tables:
        known, protocol = split(named)
        for figure in tables.figures().values():
            if figure.table == known.key and figure.chart == "confusion":
                behind = runs_behind(figure, results(known, runs, protocol), runs)
                wanted += [(str(id), figure.epoch) for id in behind["id"]]
    return [found for id, epoch in dict.fromkeys(wanted) if (found := _matrix(id, epoch, runs, index))]


def _matrix(id: str, epoch: int | None, runs: pd.DataFrame, index: Index) -> tuple[str, int, np.ndarray] | None:
    if bool(runs.loc[runs["id"] == id, "kept"].any()):
        matrix = stored_confusion(id, epoch)
        return None if matrix is None or epoch is None else (id, epoch, matrix)
    try:
        number, found = queries.confusion(index, id, epoch=epoch)
    except UserError:  # it was not evaluated, or did not come so far
        return None
    return id, number, found


def as_frame(matrices: Sequence[tuple[str, int, np.ndarray]]) -> pd.DataFrame:
    """Matrices cell by cell, those above 0: `run_id`, `epoch`, `classes`, `true`, `predicted`, `count`."""
    lines = []
    for id, epoch, matrix in matrices:
        true, predicted = np.nonzero(matrix)
        cells = {"true": true, "predicted": predicted, "count": matrix[true, predicted]}
        lines.append(pd.DataFrame({"run_id": id, "epoch": epoch, "classes": len(matrix), **cells}))
    columns = ["run_id", "epoch", "classes", "true", "predicted", "count"]
    return pd.concat(lines, ignore_index=True) if lines else pd.DataFrame(columns=columns)
