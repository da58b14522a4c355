"""Waiting for a run: a bar tells how far it is."""

from __future__ import annotations

import sys
import warnings

from vitcore.front.progress import bar
from vitcore.runs import status as states
from vitcore.runs import watch
from vitcore.runs.folder import Results


def until_ended(results: Results, id: str) -> None:
    """Returns once the run neither waits nor runs; warns with the reason where it has not finished.

    Raises:
        KeyboardInterrupt: somebody would not wait; the run goes on, and how to find it is said on stderr.
        UserError: the run was deleted meanwhile, or its worker cannot be started.
    """
    run = watch.watched(results, id)
    try:
        with bar() as show:
            for _ in watch.until_ended(run):
                show(run.status, run.progress, run.words)
    except KeyboardInterrupt:
        if states.now(results.run(id)) in watch.OPEN:
            print(f"The run goes on in the background: vitcore.run({id!r}) finds it, .stop() ends it.", file=sys.stderr)
        raise
    if run.status != "finished":
        warnings.warn(f"run {id} is {run.status}" + (f": {run.reason}" if run.reason else ""), stacklevel=4)
