"""Waiting for evaluations in the background, as a terminal shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import typer

from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder

POLL_SECONDS = 0.5


def evaluated(
    ids: Sequence[str], kind: str, read: Callable[[RunFolder], object], working: str, command: str
) -> list[RunFolder]:
    """The runs, each once, after what is missing of them (`read` has None) was asked for and waited for.

    Args:
        working: what a run under way does, in words.
        command: that cancels it, without the ids.

    Raises:
        UserError: there is no such run, or it could not be evaluated.
    """
    from vitcore.analysis import assessments

    results = Results()
    folders = [results.run(id) for id in dict.fromkeys(ids)]
    asked = [run for run in folders if read(run) is None]
    for run in asked:
        assessments.ask(results, run, kind)
    if asked:
        assessments.ensure(results)
        words = {"waiting": "waits for its turn", "running": working}
        follow(results, asked, kind, lambda run: words.get(assessments.state(run, kind), "evaluated"), command)
    return folders


def cancel(ids: Sequence[str], kind: str) -> None:
    """Take back what is asked of these runs; raises UserError where there is no such run."""
    from vitcore.analysis import assessments

    for id in dict.fromkeys(ids):
        assessments.cancel(Results().run(id), kind)


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
