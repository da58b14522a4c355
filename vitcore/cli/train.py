"""`train`: queues a run of the chosen options and follows it to its end."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Annotated, Any

import typer

from vitcore.cli import follow
from vitcore.cli.options import takes_every_field, typed_as
from vitcore.errors import UserError
from vitcore.runs import named_data, queue, torchrun, watch
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.spec.presets import preset, presets

_LAST_LINES_SECONDS = 5.0

Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        help=f"A measured spec to start from, changed by the other options; one of {', '.join(presets())}.",
    ),
]


@takes_every_field
def train(
    detach: Annotated[bool, typer.Option("--detach", help="Queue the run, print its id and leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object on the last line.")] = False,
    start_from: Preset = None,
    after: Annotated[
        list[str] | None,
        typer.Option("--after", metavar="RUN", help="Begin once this run has finished; several: give it again."),
    ] = None,
    **chosen: Any,
) -> None:
    """Train a run in the background and watch it; exit code 0 where it finished, 1 where not, 2 for a refusal.

    Started by torchrun it trains in the terminal, in the processes that torchrun has started.
    """
    results = Results()
    if torchrun.started() and torchrun.follows():
        torchrun.follow(results)
        return
    spec = chosen_spec(start_from, chosen)
    if torchrun.started():
        in_place(torchrun.new_run(results, torchrun.spec_here(spec)), as_json=as_json, queued=detach or bool(after))
    id = queue.enqueue(results, spec, after=after or ())
    if detach:
        print(json.dumps(watch.watched(results, id).summary()) if as_json else id)
        return
    print(f"{spec.title()}: run {id}", file=sys.stderr)
    finish(watch.watched(results, id), as_json=as_json)


def in_place(claiming: AbstractContextManager[torchrun.Claimed], *, as_json: bool, queued: bool) -> None:
    """Trains a run in the processes that torchrun has started, and leaves as `finish` does.

    Raises:
        UserError: it cannot be trained here; `queued`: what was asked for is the queue's.
    """
    if queued:
        raise UserError("torchrun trains here and now; --detach and --after are for runs that are queued without it")
    with claiming as claimed:
        run = watch.watched(claimed.results, claimed.folder.id)
        run.poll()
        print(f"{claimed.folder.spec().title()}: run {run.id}", file=sys.stderr)
        lines = threading.Thread(target=follow.to_the_end, args=(run,), daemon=True)
        lines.start()
        claimed.train()
        lines.join(_LAST_LINES_SECONDS)
    finish(run, as_json=as_json)


def chosen_spec(start_from: str | None, chosen: Mapping[str, Any]) -> RunSpec:
    """The spec of the options that were given, on top of a preset's where one is named, else of what forms begin with.

    Raises:
        UserError: an option does not do, or the preset is none.
    """
    given = named_data.resolved(
        Results(), {name: typed_as(name, value) for name, value in chosen.items() if value is not None}
    )
    return RunSpec.of(**{**preset(start_from).fields, **given}) if start_from else RunSpec.begun(**given)


def finish(run: watch.Watched, *, as_json: bool) -> None:
    """Follows a run to its end, says how it ended and leaves with the exit code; what it knows is not told again."""
    reason = run.reason if follow.to_the_end(run) else follow.goes_on(run)
    if reason:
        print(f"{run.status}: {reason}", file=sys.stderr)
    if as_json:
        print(json.dumps(run.summary()))
    else:
        print(f"{run.id} {run.status}" + (f": {errors}" if (errors := run.errors) else ""))
    raise typer.Exit(0 if run.status == "finished" else 1)
