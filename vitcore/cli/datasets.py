"""`datasets`: what is on this machine, and the images of one's own that were given a name."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vitcore.data.load import available, downloads
from vitcore.data.registry import DATASETS
from vitcore.runs import named_data
from vitcore.runs.folder import Results
from vitcore.runs.named_data import NamedData

app = typer.Typer(help="List the datasets, and name images of your own; alone: the list.", invoke_without_command=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name, as `datasets` lists it.")]


@app.callback()
def show(context: typer.Context) -> None:
    """List every dataset and what is known of it; named images with their digest and whether files have changed."""
    if context.invoked_subcommand is not None:
        return
    shown = Table("name", "state", "training", "test", "classes", "digest", "path", box=None)
    for name, known in DATASETS.items():
        if not known.at_path:
            sizes = (known.train_samples, known.test_samples, len(known.classes))
            shown.add_row(name, _state(name), *(f"{size:,}" if size else "" for size in sizes), "", "")
    found, messages = named_data.listed(Results())
    for item in found:
        rows = item.data["rows"]
        sizes = (rows["train"], rows["test"], len(item.data["classes"]))
        state = "changed" if named_data.changed(item) else "named by you"
        shown.add_row(item.slug, state, *(f"{size:,}" for size in sizes), item.digest, Text(item.folder))
    screen = Console()
    (screen if screen.is_terminal else Console(width=400)).print(shown)
    for sentence in messages:
        typer.echo(sentence, err=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What they are to be called from now on.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder, archive or file of images.")],
    resize: Annotated[str, typer.Option(help="Images that are not square: crop or stretch.")] = "crop",
    skip_broken: Annotated[
        bool, typer.Option("--skip-broken", help="Leave out the images that cannot be read.")
    ] = False,
) -> None:
    """Name images of your own: `train --dataset NAME` then reads them; they are read once for their digest."""
    item = named_data.add(Results(), name, path, resize=resize, skip_broken=skip_broken)
    typer.echo(_line(item))


@app.command()
def check(
    name: Name,
    update: Annotated[
        bool, typer.Option("--update", help="From now on the name stands for what is there now.")
    ] = False,
) -> None:
    """Read named images again and say what is different since; exit code 1 where something is."""
    results = Results()
    item = named_data.stored(results, name)
    found = named_data.differences(item)
    for sentence in found:
        typer.echo(f"{item.slug}: {sentence}.")
    if update:
        item = named_data.update(results, name)
    if not found:
        typer.echo(f"{item.slug}: the images are those that were named.")
    typer.echo(_line(item))
    raise typer.Exit(1 if found and not update else 0)


@app.command()
def rename(name: Name, new: Annotated[str, typer.Argument(metavar="NEW", help="Its name from now on.")]) -> None:
    """Give named images another name."""
    typer.echo(_line(named_data.rename(Results(), name, new)))


@app.command()
def forget(name: Name) -> None:
    """Take a name away; the images stay where they are, and so does every run."""
    named_data.forget(Results(), name)


def _line(item: NamedData) -> str:
    return f"{item.slug} {item.digest}"


def _state(name: str) -> str:
    if available(name) is None:
        return "here"
    return "can be downloaded" if downloads(name) else "bring it yourself"
