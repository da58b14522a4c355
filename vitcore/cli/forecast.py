"""`forecast`: what a run would cost, before it is launched."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from vitcore.cli.options import takes_every_field
from vitcore.cli.train import Preset, chosen_spec
from vitcore.runs.folder import Results


@takes_every_field
def forecast(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")] = False,
    start_from: Preset = None,
    **chosen: Any,
) -> None:
    """Say what a run would cost here: parameters, MACs, memory and time, from a few steps and from stored runs."""
    spec = chosen_spec(start_from, chosen)  # what is refused is refused before torch is imported
    from vitcore.cost.durations import duration
    from vitcore.cost.forecast import forecast as measured
    from vitcore.cost.speed import estimate
    from vitcore.store import queries
    from vitcore.store.index import Index

    index = Index(Results())
    index.poll()
    remembered = estimate([spec], queries.runs(index))
    found = measured(spec)
    if as_json:
        minutes = None if remembered.guessed or remembered.unknown else remembered.minutes
        typer.echo(json.dumps({**asdict(found), "minutes_by_stored_runs": minutes}))
        return
    typer.echo(spec.title())
    typer.echo(f"{found.parameters:,} parameters, {found.macs:,} MACs an image, {found.memory_mb:,.0f} MB in training")
    typer.echo(f"{found.images_per_second:,.0f} images a second on {found.device} in {found.precision}, measured now")
    typer.echo(f"{duration(60 * found.minutes)} in all, {duration(60 * found.training_minutes)} of it training")
    if not remembered.guessed and not remembered.unknown:
        typer.echo(f"{remembered} by stored runs of the same network")
