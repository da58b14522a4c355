"""`engine`: where queued runs execute, and how many at once."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from vitcore.errors import UserError
from vitcore.runs import engine_report, engine_settings, queue, slots
from vitcore.runs.engine_settings import EngineSettings
from vitcore.runs.folder import Results

app = typer.Typer(help="Choose where queued runs execute; alone: what is chosen.", invoke_without_command=True)


@app.callback()
def show(context: typer.Context) -> None:
    """Choose where queued runs execute, for this results folder; without a command: say what is chosen."""
    if context.invoked_subcommand is not None:
        return
    results = Results()
    typer.echo(_words(engine_settings.current(results)))
    for text in engine_report.sentences(results):
        typer.echo(text)


@app.command()
def local(
    at_once: Annotated[
        list[str] | None,
        typer.Option(
            "--slots",
            metavar="DEVICE=N",
            help="Runs at once on a device: cpu=2, cuda-0=3, cuda=2 (every GPU); CPU threads are divided among them. "
            "Not given: as before; one at first.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train on this machine: every GPU is used, each device by one run at a time or by several."""
    results = Results()
    before = engine_settings.stored(results)
    chosen = engine_settings.slots(at_once) if at_once else dict(before.slots)
    _choose(results, dataclasses.replace(before, engine="local", slots=chosen))


def _choose(results: Results, settings: EngineSettings) -> None:
    """Keeps the choice and wakes whoever it is for. Raises UserError."""
    engine_settings.store(results, settings)
    queue.ensure_dispatcher(results)
    typer.echo(_words(settings))


def _words(settings: EngineSettings) -> str:
    """The choice in a sentence."""
    if settings.engine != "local":
        raise UserError(f"{settings.engine} is no engine of this version")
    parts = [
        f"{count} on {name} ({slots.threads(count)} thread{'s' * (slots.threads(count) != 1)} each)"
        for name, count in settings.slots.items()
    ]
    return f"local: runs train on this machine, {', '.join(parts) or 'one at a time on each device'}."
