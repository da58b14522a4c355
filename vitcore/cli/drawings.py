"""`drawings`: fine-tuning a stored run's model on one's own drawings, and the error on the held-out ones."""

from __future__ import annotations

from typing import Annotated

import typer

from vitcore.runs import drawing_sets, queue
from vitcore.runs.folder import Results

app = typer.Typer(help="Fine-tune a model on the digits that you drew and kept on Draw.", no_args_is_help=True)


@app.command()
def fine_tune(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The stored run whose model learns from them.")],
) -> None:
    """Queue a run that goes on from RUN with two of three of the drawings; its id."""
    results = Results()
    typer.echo(queue.enqueue(results, drawing_sets.spec(results, run)))


@app.command()
def compare(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run that `drawings fine-tune` has queued.")],
) -> None:
    """Say the error on the held-out drawings before and after RUN."""
    from vitcore.analysis.fine_tuned import before_after

    results = Results()
    for sentence in before_after(results, results.run(run)).sentences():
        typer.echo(sentence)
