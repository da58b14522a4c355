"""`runs` and `models`: what is stored, and what can be trained."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from vitcore.errors import UserError
from vitcore.models import ARCHITECTURES, build, counted_at, timm_catalog
from vitcore.models.registry import Architecture
from vitcore.runs import dependencies
from vitcore.runs.folder import Results
from vitcore.runs.status import STATUSES

if TYPE_CHECKING:
    from vitcore.store.columns import Column as Described

# What stands in the list.
_METRICS = ("error_percent", "test_error_best", "val_error_best", "best_epoch", "images_per_second")
_WORTH_PUBLISHING = 200  # changed runs after which the next reader is saved more than the snapshot costs


def runs(
    csv: Annotated[bool, typer.Option("--csv", help="The whole table, as the Compare page writes it.")] = False,
    status: Annotated[str | None, typer.Option(help=f"Only runs of this status: {', '.join(STATUSES)}.")] = None,
) -> None:
    """List the stored runs, newest first."""
    if status is not None and status not in STATUSES:
        raise UserError(f"there is no status {status!r}; a run is one of {', '.join(STATUSES)}")
    from vitcore.store import exports, queries
    from vitcore.store.columns import columns
    from vitcore.store.index import Index

    index = Index(Results())
    index.poll()
    table = queries.runs(index)
    if index.unpublished >= _WORTH_PUBLISHING:
        index.publish()
    if index.notice:
        typer.echo(index.notice, err=True)
    if status is not None:
        table = table[table["status"] == status]
    if csv:
        typer.echo(exports.csv(queries.exact(index, table)), nl=False)
        return
    known = columns()
    metrics = [known[name] for name in _METRICS]
    shown = Table(
        Column("id", no_wrap=True), "status", "run", "epochs", *map(_head, metrics), box=None, header_style="bold"
    )
    for row in table.to_dict("records"):
        shown.add_row(
            row["id"],
            row["status"],
            Text(_called(index.results, row)),
            "/".join(filter(None, (str(row["epochs_done"]), _number(row["epochs"], ".0f")))),
            *(_number(row[each.name], each.form) for each in metrics),
        )
    _screen().print(shown if len(table) else f"No runs in {index.results.runs} yet.")


def _called(results: Results, row: dict[Any, Any]) -> str:
    """A run's title; of one that waits for another, what for."""
    why = dependencies.reason(results, row["id"]) if row["status"] == "queued" else ""
    return f"{row['title']}\n{why}" if why else str(row["title"])


def models(
    names: Annotated[list[str] | None, typer.Argument(help="Only these; empty: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Exact counts of each, as a JSON array.")] = False,
    search: Annotated[
        str | None, typer.Option(help="List timm's image models instead, of those whose names hold these words.")
    ] = None,
) -> None:
    """List the architectures; named ones, or all with --json, are built and counted exactly."""
    if search is not None:
        _search(search)
        return
    for name in names or []:
        if name not in ARCHITECTURES and not timm_catalog.spelled(name):
            raise UserError(f"there is no architecture {name!r}; `python -m vitcore models` lists those that are")
    chosen = {name: counted_at(name) for name in names or ARCHITECTURES}
    if as_json:
        typer.echo(json.dumps([_counted(name, row) for name, row in chosen.items()], indent=1))
        return
    counted = bool(names)
    shown = Table("name", "counted at", *(["parameters", "MACs"] if counted else []), "source", box=None)
    for name, row in chosen.items():
        sizes = _counted(name, row) if counted else {}
        figures = [f"{sizes['parameters']:,}", f"{sizes['macs'] / 1e9:.4f} G"] if counted else []
        shown.add_row(
            name, f"{row.channels}x{row.image_size}x{row.image_size}, {row.classes} classes", *figures, row.source
        )
    _screen().print(shown)


def _search(text: str) -> None:
    """timm's names that hold every word of the text, each on a line.

    Raises:
        UserError: timm is not installed, or has none of them.
    """
    if not timm_catalog.installed():
        raise UserError(f"timm's networks are searched where timm is installed; {timm_catalog.EXTRA} brings it")
    found, _ = timm_catalog.search(text, most=len(timm_catalog.names()))
    if not found:
        raise UserError(f"no name of timm's {len(timm_catalog.names()):,} image models holds {text[:60]!r}; try a part")
    typer.echo("\n".join(found))


def _counted(name: str, row: Architecture) -> dict[str, Any]:
    """Exact parameters and multiply-accumulates of one image, at the size that the row names."""
    import torch

    from vitcore.models import count

    with torch.device("meta"):
        model = build(name, channels=row.channels, image_size=row.image_size, classes=row.classes)
    config = ", ".join(f"{key} {value}" for key, value in row.config.items())
    image = f"{row.channels}x{row.image_size}x{row.image_size}, {row.classes} classes"
    return {
        "name": name,
        "parameters": count.parameters(model),
        "macs": count.macs(model, row.channels, row.image_size),
        "configuration": f"{row.family}: {config}; {image}" if config else f"{row.family}; {image}",
    }


def _screen() -> Console:
    """The terminal; a file or a pipe is as wide as it needs to be."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=240)


def _head(column: Described) -> str:
    """A metric's name and unit."""
    name = column.label.lower()
    return f"{name}, {column.unit}" if column.unit else name


def _number(value: Any, form: str) -> str:
    from pandas import isna  # a column of whole numbers has an empty cell of its own kind

    return "" if isna(value) else format(value, form)
