"""Following a run from a terminal: a progress bar where there is a screen, a line an epoch where there is none."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from vitcore.runs import watch
from vitcore.runs.folder import Results
from vitcore.runs.watch import Watched


def known(results: Results, id: str) -> Watched:
    """What a run has told up to now: an earlier attempt's epochs, which whoever follows the next is not told again."""
    run = watch.watched(results, id)
    run.poll()
    return run


def goes_on(run: Watched) -> str:
    """What there is to say to one who would not wait."""
    return f"the run goes on in the background; `python -m vitcore stop {run.id}` ends it and keeps what was learned"


def to_the_end(run: Watched) -> bool:
    """Waits until a run has ended; False where Ctrl-C came first, which leaves it running.

    Raises:
        UserError: the run was deleted meanwhile, or its worker cannot be started.
    """
    screen = Console(stderr=True)

    def show_line(line: dict[str, Any]) -> None:
        if not screen.is_terminal and line.get("event") in ("epoch", "note"):
            print(run.words if line["event"] == "epoch" else line.get("text"), file=sys.stderr, flush=True)

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"), TimeElapsedColumn())
    try:
        with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bars:
            bar = bars.add_task("queued", total=1.0, words="")
            for _ in watch.until_ended(run, show_line):
                bars.update(bar, description=run.status, completed=run.progress, words=run.words, refresh=True)
    except KeyboardInterrupt:
        return False
    return True
