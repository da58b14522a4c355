"""Our runs of the reports' cells, kept with the project as CSV, so that a fresh clone shows its tables filled.

Stored runs go before kept ones: a kept run counts where the store does not hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from vitcore.errors import UserError
from vitcore.published.tables import FOLDER, Figure, Table, spec_of, table
from vitcore.reproduction.cell_runs import cell_specs, counting, fingerprint
from vitcore.store import pooling

RUNS, EPOCHS, CONFUSIONS = "runs.csv", "epochs.csv", "confusions.csv"
PRIVATE = (
    "machine", "node", "pid", "note", "tags", "color", "classes", "drawings_right", "drawings_of", "drawings_version",
)  # fmt: skip
"""Not for a public file: who and where (the CPU tells what seconds are worth); and what stands elsewhere."""


def with_stored(runs: pd.DataFrame, stored: pd.DataFrame | None = None) -> pd.DataFrame:
    """Stored runs and, after them, the kept ones that the store does not hold; `kept` tells them apart."""
    more = stored_runs() if stored is None else stored
    more = more[~more["id"].isin(set(runs["id"]))] if len(more) else more
    runs, more = runs.assign(kept=False), more.assign(kept=True)
    if more.empty or runs.empty:
        return runs if more.empty else more.reset_index(drop=True)
    both = [frame.astype(object) for frame in (runs, more.reindex(columns=runs.columns))]
    return pd.concat(both, ignore_index=True).infer_objects().copy()  # in one piece


def stored_runs() -> pd.DataFrame:
    """The runs kept with the project, as store.queries.runs gives them; none: an empty frame."""
    return _read(FOLDER / RUNS)


def stored_epochs(ids: Sequence[str]) -> pd.DataFrame:
    """The kept epochs of these runs, as store.queries.epochs gives them."""
    epochs = _read(FOLDER / EPOCHS)
    return epochs[epochs["run_id"].isin(ids)] if len(epochs) else epochs


def stored_confusion(id: str, epoch: int | None) -> np.ndarray | None:
    """A kept run's confusion matrix after an epoch: rows the true class, columns the predicted; None: not kept."""
    cells = _read(FOLDER / CONFUSIONS)
    cells = cells[(cells["run_id"] == id) & (cells["epoch"] == epoch)] if len(cells) else cells
    if cells.empty:
        return None
    classes = 1 + int(max(cells["true"].max(), cells["predicted"].max()))
    matrix = np.zeros((classes, classes), dtype=np.int64)
    matrix[cells["true"], cells["predicted"]] = cells["count"]
    return matrix


def shown_confusions(
    drawn: Sequence[Figure], runs: pd.DataFrame, read: Callable[[str, int], np.ndarray]
) -> pd.DataFrame:
    """The matrices that figures show, cells above 0: `run_id`, `epoch`, `true`, `predicted`, `count`.

    Args:
        runs: those that are kept.
        read: the matrix of a run after an epoch; raises UserError where there is none.
    """
    columns = ["run_id", "epoch", "true", "predicted", "count"]
    found = []
    for figure in drawn:
        if figure.chart != "confusion" or figure.epoch is None:
            continue
        for id in worth_keeping([table(figure.table)], runs)["id"]:
            try:
                matrix = read(id, figure.epoch)
            except UserError:  # it did not come so far
                continue
            true, predicted = np.nonzero(matrix)
            cells = {"true": true, "predicted": predicted, "count": matrix[true, predicted]}
            found.append(pd.DataFrame({"run_id": id, "epoch": figure.epoch, **cells}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def worth_keeping(tables: Sequence[Table], runs: pd.DataFrame) -> pd.DataFrame:
    """The stored runs that fill cells of these tables or sides of their explanations, oldest first."""
    digests = set()
    for each in tables:
        for protocol in each.protocols:
            digests |= {fingerprint(spec) for spec, _ in cell_specs(each, protocol).values() if spec}
            for explanation in each.explanations:
                for recipe in explanation.recipes:
                    fields = {**each.protocols[protocol].fields, **recipe.fields}
                    digests.add(fingerprint(spec_of(fields)))
    here = ~pooling.trained_elsewhere(runs)  # what the project keeps was trained by the project
    return runs[runs["fingerprint"].isin(digests) & counting(runs) & here].sort_values("id")


def keep(runs: pd.DataFrame, epochs: pd.DataFrame, confusions: pd.DataFrame, folder: Path = FOLDER) -> tuple[Path, ...]:
    """Write runs, their epochs and the matrices shown beside the published tables, to those that are kept already.

    A run that is kept already is written anew, all others stay letter by letter. The machine's name gives way to its
    CPU's.
    """
    open_runs = runs.assign(machine=runs["cpu"]) if "cpu" in runs else runs
    open_runs = open_runs.drop(columns=[name for name in PRIVATE if name in open_runs and name != "machine"])
    paths = folder / RUNS, folder / EPOCHS, folder / CONFUSIONS
    for frame, path, key in zip((open_runs, epochs, confusions), paths, ("id", "run_id", "run_id"), strict=True):
        before = _as_text(path.read_text(encoding="utf-8")) if path.is_file() else pd.DataFrame()
        others = before[~before[key].isin(runs["id"])] if key in before else before
        text = pd.concat([others, _as_text(frame.to_csv(index=False))]).fillna("")
        text.sort_values([key] if key in text else [], kind="stable").to_csv(path, index=False, lineterminator="\n")
    _read.cache_clear()
    return paths


def _as_text(csv: str) -> pd.DataFrame:
    return pd.read_csv(StringIO(csv), dtype=str, keep_default_na=False) if csv.strip() else pd.DataFrame()


@lru_cache(maxsize=4)
def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame({"id": []})
    return pd.read_csv(path, keep_default_na=True, low_memory=False).copy()  # in one piece: columns come one by one
