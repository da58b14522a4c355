"""Our runs of the reports' cells, kept with the project as CSV, so that a fresh clone shows its tables filled.

Stored runs go before kept ones: a kept run counts where the store does not hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pandas as pd

from vitcore.reports.published import FOLDER, Table, spec_of
from vitcore.reports.tables import COUNTED, cell_specs, fingerprint

RUNS, EPOCHS = "runs.csv", "epochs.csv"
PRIVATE = ("machine", "pid", "note", "tags")
"""Not for a public file: who and where; the processor tells what seconds are worth."""


def with_kept(runs: pd.DataFrame, kept: pd.DataFrame | None = None) -> pd.DataFrame:
    """Stored runs and, after them, the kept ones that the store does not hold."""
    more = kept_runs() if kept is None else kept
    more = more[~more["id"].isin(set(runs["id"]))] if len(more) else more
    if more.empty or runs.empty:
        return runs if more.empty else more.reset_index(drop=True)
    both = [frame.astype(object) for frame in (runs, more.reindex(columns=runs.columns))]
    return pd.concat(both, ignore_index=True).infer_objects()


def kept_runs() -> pd.DataFrame:
    """The runs kept with the project, as store.queries.runs gives them; none: an empty frame."""
    return _read(FOLDER / RUNS)


def kept_epochs(ids: Sequence[str]) -> pd.DataFrame:
    """The kept epochs of these runs, as store.queries.epochs gives them."""
    epochs = _read(FOLDER / EPOCHS)
    return epochs[epochs["run_id"].isin(ids)] if len(epochs) else epochs


def worth_keeping(tables: Sequence[Table], runs: pd.DataFrame) -> pd.DataFrame:
    """The stored runs that fill cells of these tables or sides of their explanations, oldest first."""
    marks = set()
    for table in tables:
        for protocol in table.protocols:
            marks |= {fingerprint(spec) for spec, _ in cell_specs(table, protocol).values() if spec}
            for one in table.explanations:
                for recipe in one.recipes:
                    fields = {**table.protocols[protocol].fields, **recipe.fields}
                    marks.add(fingerprint(spec_of(fields)))
    return runs[runs["fingerprint"].isin(marks) & runs["status"].isin(COUNTED)].sort_values("id")


def keep(runs: pd.DataFrame, epochs: pd.DataFrame, folder: Path = FOLDER) -> tuple[Path, Path]:
    """Write runs and their epochs beside the published tables; the machine's name gives way to its processor's."""
    open_runs = runs.assign(machine=runs["processor"]) if "processor" in runs else runs
    open_runs = open_runs.drop(columns=[name for name in PRIVATE if name in open_runs and name != "machine"])
    paths = folder / RUNS, folder / EPOCHS
    for frame, path in zip((open_runs, epochs), paths, strict=True):
        frame.to_csv(path, index=False, lineterminator="\n")
    _read.cache_clear()
    return paths


@lru_cache(maxsize=4)
def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=True, low_memory=False) if path.is_file() else pd.DataFrame({"id": []})
