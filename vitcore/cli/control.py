"""What is done to a stored run: stop, pause, resume, cancel, move up, tag, rename, delete, restore."""

from __future__ import annotations

from typing import Annotated

import typer

from vitcore.cli.follow import known
from vitcore.cli.train import finish, in_place
from vitcore.runs import annotations as remarks
from vitcore.runs import queue, torchrun, trash
from vitcore.runs.folder import Results
from vitcore.store.lists import listed

Run = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `runs` lists it.")]


def stop(run: Run) -> None:
    """End a running run and keep what it has learned; a queued one is cancelled."""
    queue.stop(Results(), run)


def pause(run: Run) -> None:
    """End a running run with a checkpoint, to be resumed later."""
    queue.pause(Results(), run)


def resume(
    run: Run,
    detach: Annotated[bool, typer.Option("--detach", help="Queue it again and leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object on the last line.")] = False,
    processes: Annotated[
        int | None, typer.Option(help="Processes that train it together from here on; none: as its spec says.")
    ] = None,
) -> None:
    """Go on with a run that was stopped, paused or interrupted, from its last checkpoint.

    Started by torchrun it goes on in the terminal, in the processes that torchrun has started.
    """
    results = Results()
    if torchrun.started() and torchrun.follows():
        torchrun.follow(results)
        return
    if torchrun.started():
        in_place(torchrun.stored_run(results, run), as_json=as_json, queued=detach)
    watched = known(results, run)
    queue.resume(results, run, processes)
    if not detach:
        finish(watched, as_json=as_json)


def cancel(run: Run) -> None:
    """Take a waiting run out of the queue."""
    queue.cancel(Results(), run)


def first(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Queued runs, in the order wished for.")],
) -> None:
    """Move queued runs to the front of the queue."""
    queue.reorder(Results(), runs)


def tag(
    run: Run,
    tags: Annotated[list[str] | None, typer.Argument(help="The run's tags from now on; none: as they are.")] = None,
    note: Annotated[str | None, typer.Option(help="The run's note from now on.")] = None,
) -> None:
    """Set a run's tags and note, and show them."""
    text = (
        remarks.write(Results().run(run), tags or None, note)
        if tags or note is not None
        else remarks.read(Results().run(run))
    )
    typer.echo(listed(text.tags))
    if text.note:
        typer.echo(text.note)


def rename(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help='Its name from now on; "": the one it was started with.')],
) -> None:
    """Give a run another name; its spec stays as it is."""
    folder = Results().run(run)
    remarks.write(folder, name=name)
    typer.echo(remarks.title(folder))


def delete(run: Run) -> None:
    """Move a run to results/trash."""
    trash.delete(Results(), run)


def restore(run: Run) -> None:
    """Bring a deleted run back."""
    trash.restore(Results(), run)
