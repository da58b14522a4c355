"""Work in the background, followed in a terminal: a line whenever something has changed, until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from vitcore.runs.folder import Results

if TYPE_CHECKING:
    import pandas as pd

    from vitcore.runs.background import T

POLL_SECONDS = 1.0


def fresh_runs(results: Results) -> pd.DataFrame:
    """The stored runs as they are now."""
    from vitcore.store import queries
    from vitcore.store.index import Index

    index = Index(results)
    index.poll()
    return queries.runs(index)


def follow(
    results: Results,
    load: Callable[[], T],
    ensure: Callable[[Results], None],
    line: Callable[[T, pd.DataFrame], str],
    stop: str,
) -> None:
    """Until the piece has ended; interrupted, it goes on.

    Args:
        load: the piece as it is now.
        ensure: sees that somebody works on it.
        line: what there is to say of it, by the runs as they are.
        stop: the command that gives it up.
    """
    from vitcore.store import queries
    from vitcore.store.index import Index

    index, shown = Index(results), ""
    try:
        while (piece := load()).worked_on:
            ensure(results)
            index.poll()
            sentence = line(piece, queries.runs(index))
            if sentence != shown:
                typer.echo(sentence, err=True)
                shown = sentence
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        typer.echo(f"It goes on in the background; `{stop}` gives it up.", err=True)
        raise
