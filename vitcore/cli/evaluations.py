"""Waiting for evaluations in the background, as a terminal shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import typer

from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder

POLL_SECONDS = 0.5


def follow(
    results: Results, runs: Sequence[RunFolder], kind: str, text: Callable[[RunFolder], str], command: str
) -> None:
    """A line whenever what is `said` of a run has changed, until none of them waits or is evaluated.

    Args:
        command: that cancels it, without the ids.

    Raises:
        UserError: a run could not be evaluated.
    """
    from vitcore.analysis import assessments

    before: dict[str, str] = {}
    under_way = list(runs)
    try:
        while under_way:
            for run in list(under_way):
                state, words = assessments.state(run, kind), text(run)
                if words != before.get(run.id):
                    before[run.id] = words
                    typer.echo(f"{run.id}: {words}", err=True)
                wish = assessments.wished(run, kind)
                if state == "failed" and wish is not None:
                    raise UserError(f"{run.id}: {wish.failed}")
                if not state:
                    under_way.remove(run)
            if under_way:
                assessments.ensure(results)
                time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        ids = " ".join(run.id for run in under_way)
        typer.echo(f"It goes on in the background; `{command} {ids}` cancels it.", err=True)
        raise
