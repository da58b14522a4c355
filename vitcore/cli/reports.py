"""`reports`: the published tables beside our runs: list, show, fill, export, keep."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table as Drawn
from rich.text import Text

from vitcore.errors import UserError
from vitcore.runs.folder import Results

if TYPE_CHECKING:
    import pandas as pd

    from vitcore.reproduction.tables import ResultTable
    from vitcore.store.index import Index

app = typer.Typer(help="The four reports' tables: published, ours, and what the difference is worth.")

Key = Annotated[str, typer.Argument(metavar="TABLE", help="A table's name, as `reports list` has it.")]
Keys = Annotated[list[str], typer.Argument(metavar="TABLE...", help="Tables, as `reports list` names them.")]
Protocol = Annotated[str, typer.Option(help="report: the report's own; scaled: minutes on a laptop.")]


@app.command("list")
def listed() -> None:
    """List the published tables and how far each is filled."""
    from vitcore.published.tables import tables

    runs = _runs()
    drawn = Drawn("table", "protocol", "cells filled", "what it is", box=None, header_style="bold")
    for table in tables().values():
        for protocol in table.protocols:
            cells = [
                result
                for result in _result(table.key, protocol, runs).results
                if result.published and result.metric.kind == "result"
            ]
            filled = sum(bool(cell.values) for cell in cells)
            drawn.add_row(table.key, protocol, f"{filled} of {len(cells)}", Text(f"{table.place}: {table.title}"))
    Console(soft_wrap=True).print(drawn)


@app.command("show")
def show(key: Key, protocol: Protocol = "scaled") -> None:
    """Show a table: published | ours | difference | verdict, and the verdict in words."""
    from vitcore.published.tables import table
    from vitcore.reproduction import exports
    from vitcore.reproduction.paragraph import paragraph

    runs = _runs()
    result = _result(key, protocol, runs)
    for column in result.table.columns:
        drawn = Drawn("", *exports.PARTS, title=column.title, title_justify="left", box=None, header_style="bold")
        for row in result.table.rows:
            item = result.at(row.key, column.key)
            drawn.add_row(Text(row.label), *(Text(exports.cell_text(item, part)) for part in exports.PARTS))
        Console(soft_wrap=True).print(drawn, "")
    counterpart = table(key).counterpart
    for sentence in paragraph(result, runs, _result(counterpart, protocol, runs) if counterpart else None):
        typer.echo(sentence)


@app.command("fill")
def fill(
    keys: Keys,
    protocol: Protocol = "scaled",
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Seeds that every cell should have.")] = 1,
    row: Annotated[list[str] | None, typer.Option(help="Only these rows, by label or key; empty: all.")] = None,
    column: Annotated[list[str] | None, typer.Option(help="Only these columns, by title or key; empty: all.")] = None,
    explain: Annotated[bool, typer.Option(help="Also the runs that explain single rows (ReLU).")] = False,
    measured: Annotated[bool, typer.Option("--measure", help="Time networks that are new here, seconds each.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and queue nothing.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until all of them have ended.")] = False,
) -> None:
    """Queue the runs that are missing from tables; says first how many, and how long they may take."""
    from vitcore.cost.speed import Speed, estimate, measure, network
    from vitcore.published.chains import takes, worded
    from vitcore.reproduction.chains import queue_all
    from vitcore.reproduction.requests import chains_of, requested
    from vitcore.runs.queue import ensure_dispatcher
    from vitcore.spec import command_line

    runs = _runs()
    specs, under_way = requested(keys, runs, range(seeds), protocol, rows=row, columns=column, explanations=explain)
    known = {network(spec): measure(spec) for spec in estimate(specs, runs).guessed} if measured else {}
    needed = estimate(specs, runs, measured=known)
    typer.echo(f"{len(specs)} runs are missing, {under_way} under way; {needed}.", err=True)
    for chain in chains_of(keys, runs, range(seeds), protocol, rows=row, columns=column):
        cost = estimate(chain.left, runs, measured=known)
        typer.echo(f"{chain.row}, a chain of {len(chain.links)}: {worded(chain.links)}; {cost}.", err=True)
    if dry_run:
        for spec in specs:
            typer.echo(f"# queued with what it takes: {spec.title()}" if takes(spec) else command_line(spec))
        return
    results = Results()
    speed = Speed(runs, measured=known)
    ids = queue_all(results, specs, runs, speed.expected)
    ensure_dispatcher(results)
    for id in ids:
        typer.echo(id)
    if wait:
        _wait(results, ids)


@app.command("export")
def export(
    key: Key,
    protocol: Protocol = "scaled",
    form: Annotated[str, typer.Option("--format", help="csv, markdown or latex.")] = "csv",
    out: Annotated[Path | None, typer.Option(help="A file to write; empty: the terminal.")] = None,
) -> None:
    """Write a table as CSV (one line a cell), Markdown or LaTeX (the report's layout)."""
    from vitcore.reproduction import exports

    writers = {"csv": exports.csv, "markdown": exports.markdown, "latex": exports.latex}
    if form not in writers:
        raise UserError(f"there is no format {form!r}; there are {', '.join(writers)}")
    text = writers[form](_result(key, protocol, _runs()))
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


@app.command("keep")
def keep() -> None:
    """Keep the stored runs of all tables with the project (vitcore/published/data/{runs,epochs,confusions}.csv)."""
    from vitcore.published.tables import figures, tables
    from vitcore.reproduction import evidence
    from vitcore.store import queries

    index = _index()
    runs = evidence.worth_keeping(list(tables().values()), queries.runs(index))
    matrices = evidence.shown_confusions(
        list(figures().values()), runs, lambda id, epoch: queries.confusion(index, id, epoch)[1]
    )
    paths = evidence.keep(runs, queries.epochs(index, list(runs["id"])), matrices)
    typer.echo(f"{len(runs)} runs are kept in {', '.join(path.name for path in paths)}")


def _index() -> Index:
    from vitcore.store.index import Index

    index = Index(Results())
    index.poll()
    return index


def _runs() -> pd.DataFrame:
    from vitcore.reproduction.evidence import with_stored
    from vitcore.store import queries

    return with_stored(queries.runs(_index()))


def _result(key: str, protocol: str, runs: pd.DataFrame) -> ResultTable:
    """A table with our runs, and their epochs where its rows are epochs."""
    from vitcore.published.tables import table
    from vitcore.reproduction.cell_runs import epoch_runs
    from vitcore.reproduction.evidence import stored_epochs
    from vitcore.reproduction.tables import results
    from vitcore.store import queries

    ids = epoch_runs(table(key), protocol, runs)
    epochs = None
    if ids:
        import pandas as pd

        epochs = pd.concat([queries.epochs(_index(), ids), stored_epochs(ids)]).drop_duplicates(["run_id", "epoch"])
    return results(table(key), runs, protocol, epochs=epochs)


def _wait(results: Results, ids: list[str]) -> None:
    """A line each time that one more run has ended; what waits for one that never will is left waiting."""
    from vitcore.runs.dependencies import reason, stuck
    from vitcore.runs.queue import status

    left = set(ids)
    while left:
        blocked = {id for id in left if status(results, id) == "queued" and stuck(results, id)}
        for id in sorted(blocked):
            typer.echo(f"{id} {reason(results, id)}", err=True)
        left -= blocked
        ended = {id for id in left if status(results, id) not in ("queued", "running")}
        for id in sorted(ended):
            typer.echo(f"{id} {status(results, id)}; {len(left) - len(ended)} to go", err=True)
        left -= ended
        time.sleep(1 if left else 0)
