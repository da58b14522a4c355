"""`import-runs`: runs of other programs from the files that those left."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vitcore import events
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.spec.options import nearest


def import_runs(
    path: Annotated[
        Path,
        typer.Argument(
            help="A CSV, a folder of TensorBoard's event files, an MLflow store (mlruns, or its SQLite file), an "
            "offline folder of W&B's, or a folder that holds any of them."
        ),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="What one of their metrics is here, where its name does not say it, such as acc=val_accuracy; "
            "may be given several times.",
            metavar="THEIRS=OURS",
        ),
    ] = None,
    spec: Annotated[
        Path | None,
        typer.Option(
            help="What they were trained by but for their seeds: a run's spec.json. Then they count as its seeds, in "
            "verdicts too; a run that says otherwise is not imported.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Import runs that other programs have trained, to stand beside those trained here; a second time adds nothing."""
    from vitcore.runs.importing.bring import bring
    from vitcore.runs.importing.of_spec import read_spec

    known = None if spec is None else read_spec(spec)
    found = bring(Results(), path, _names(metric or []), known)
    for sentence in found.sentences:
        typer.echo(sentence, err=True)
    for id in (*found.added, *found.grown):
        typer.echo(id)
    typer.echo(
        f"{len(found.added):,} imported, {len(found.grown):,} brought up to date, {found.known:,} there already.",
        err=True,
    )


def _names(given: list[str]) -> dict[str, str]:
    """Our names of metrics by theirs. Raises UserError where one is no pair, or ours is none."""
    known = [name for name in events.metrics() if name != "epoch"]
    found = {}
    for pair in given:
        foreign, equals, own = pair.rpartition("=")
        if not equals or not foreign:
            raise UserError(f"--metric {pair[:80]!r} is no pair THEIRS=OURS, such as acc=val_accuracy")
        if own not in known:
            raise UserError(f"there is no metric {own[:80]!r} here; {nearest(own[:80], known)}")
        found[foreign] = own
    return found
