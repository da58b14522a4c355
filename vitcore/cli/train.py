"""`train`: queues a run of the chosen options and follows it to its end."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from vitcore.cli import follow
from vitcore.cli.options import takes_every_field
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


@takes_every_field
def train(
    detach: Annotated[bool, typer.Option("--detach", help="Queue the run, print its id and leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object on the last line.")] = False,
    **chosen: Any,
) -> None:
    """Train a run in the background and watch it; exit code 0 where it finished, 1 where not, 2 for a refusal."""
    spec = RunSpec.of(**{name: value for name, value in chosen.items() if value is not None})
    results = Results()
    id = queue.enqueue(results, spec)
    if detach:
        print(json.dumps(follow.Seen(id, "queued").summary()) if as_json else id)
        return
    print(f"{spec.title()}: run {id}", file=sys.stderr)
    finish(results, id, as_json=as_json)


def finish(results: Results, id: str, *, as_json: bool) -> None:
    """Follows a run to its end, says how it ended and leaves with the exit code for that."""
    seen = follow.to_the_end(results, id)
    if seen.reason:
        print(f"{seen.status}: {seen.reason}", file=sys.stderr)
    if as_json:
        print(json.dumps(seen.summary()))
    elif seen.error_percent is not None:
        print(f"{id} {seen.status}: {seen.error_percent:.2f} % test error after {seen.epochs} epochs")
    else:
        print(f"{id} {seen.status}")
    raise typer.Exit(0 if seen.status == "finished" else 1)
