"""`verify`: a table's cell trained again with its stored seed, and whether the same came out."""

from __future__ import annotations

from typing import Annotated

import typer

from vitcore.errors import UserError
from vitcore.runs.folder import Results


def verify(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="A table's name, as `reports list` has it.")],
    cell: Annotated[
        str, typer.Option(metavar="ROW[:COLUMN]", help="Only this row, or the run behind this cell; empty: every row.")
    ] = "",
    protocol: Annotated[str, typer.Option(help="report: the report's own; scaled: minutes on a laptop.")] = "scaled",
) -> None:
    """Train a cell's stored seed again and say: equal bit for bit, equal within rounding, or different, and since when.

    The second run is trained in results/verified, where no table counts it. Exit code 0 where all are equal, 1 else.
    """
    from vitcore.cli import follow
    from vitcore.published.tables import table as published
    from vitcore.reproduction import verify as verifying
    from vitcore.reproduction.evidence import with_stored
    from vitcore.runs import watch
    from vitcore.store import queries
    from vitcore.store.index import Index

    results = Results()
    known = published(table)
    if protocol not in known.protocols:
        raise UserError(f"{table} has no protocol {protocol!r}; it has {', '.join(known.protocols)}")
    index = Index(results)
    index.poll()
    runs = with_stored(queries.runs(index))
    equal = True
    for name, spec, row in verifying.cells(known, protocol, runs, cell):
        then = verifying.as_published(row) if row["kept"] else verifying.stored(index, str(row["id"]))
        id = verifying.start(results, spec)
        typer.echo(f"{name}: {spec.title()}, as run {then.id}; trained again as {id}", err=True)
        run = watch.watched(verifying.again(results), id)
        if not follow.to_the_end(run):
            typer.echo(f"The second run goes on in {verifying.again(results).root}.", err=True)
            raise typer.Exit(1)
        if run.status != "finished":
            raise UserError(f"the second run of {name} is {run.status}: {run.reason}")
        second = Index(verifying.again(results))
        second.poll()
        found = verifying.compare(then, verifying.stored(second, id))
        typer.echo(f"{table}:{name}, seed {spec.seed}: {found.sentence}")
        equal &= found.outcome != "different"
    raise typer.Exit(0 if equal else 1)
