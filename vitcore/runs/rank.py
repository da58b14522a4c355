"""A process of a run beside its first: `python -m vitcore.runs.rank`, started by the worker; it writes nothing."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vitcore import plugins, processes
from vitcore.errors import UserError
from vitcore.runs import origins, teachers, threads
from vitcore.runs.folder import Results
from vitcore.runs.together import meet
from vitcore.training.outcome import RankLost

if TYPE_CHECKING:
    from vitcore.training.ranks import Ranks


def main() -> None:
    """Meets the others, and trains along."""
    parser = argparse.ArgumentParser(description="Train along with the first process of a run.")
    for name in ("rank", "count", "first"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("store", "results"):
        parser.add_argument(f"--{name}")
    given = parser.parse_args()
    processes.end_with(given.first)
    from vitcore.training.ranks import Place

    place = Place(given.rank, given.count, given.rank, given.count)
    try:
        follow_run(Results(given.results), meet(Path(given.store), place))
    except (UserError, RankLost) as error:
        sys.exit(f"{place.named}: {error}")


def follow_run(results: Results, ranks: Ranks) -> None:
    """Train the run that the first process names, until it says that it is over.

    Raises:
        UserError: it cannot be trained here; the first has been told why.
        RankLost: the first ended without a word.
    """
    from vitcore.training.follower import follow

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # the first takes it for a pause, and tells
    processes.lower_priority()
    named = ranks.listen()
    if not isinstance(named, dict):
        return
    threads.use(named["threads"])
    try:
        spec = results.run(named["run"]).spec()
        plugins.check_unchanged(spec.plugins)
        teacher = teachers.load(results, spec)
        initial = None if named["resume"] else origins.load(results, spec)
    except UserError as user_error:
        ranks.fail(str(user_error))
        raise
    folder = results.run(named["run"]).path
    follow(spec, ranks, folder=folder, resume=named["resume"], teacher=teacher, initial=initial)


if __name__ == "__main__":
    main()
