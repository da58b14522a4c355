"""`export-runs`: stored runs as files of TensorBoard's and MLflow's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vitcore.errors import UserError
from vitcore.runs.folder import Results


def export_runs(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Stored runs' ids; none: all.")] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="A folder for event files, as `tensorboard --logdir` takes it.")
    ] = None,
    mlflow: Annotated[Path | None, typer.Option(help="A folder for a file store, as MLflow's mlruns.")] = None,
) -> None:
    """Write the epochs and settings of stored runs for TensorBoard or MLflow; written again they are replaced."""
    from vitcore.runs.exporting import mlflow as store
    from vitcore.runs.exporting import tensorboard as event_files
    from vitcore.runs.exporting.exported import exported

    if tensorboard is None and mlflow is None:
        raise UserError("where to is not said; give --tensorboard FOLDER, --mlflow FOLDER, or both")
    results = Results()
    folders = [results.run(id) for id in runs or results.ids()]  # one that is not stored is said before any is written
    written = 0
    for folder in folders:
        try:
            run = exported(folder)
        except UserError as error:
            if runs:
                raise
            typer.echo(f"Left out: {error}.", err=True)
            continue
        for path in (
            *([event_files.write(run, tensorboard)] if tensorboard is not None else []),
            *([store.write(run, mlflow)] if mlflow is not None else []),
        ):
            typer.echo(path)
        written += 1
    if not written:
        raise UserError(f"there is no run with an epoch in {results.runs}, so there is nothing to export")
