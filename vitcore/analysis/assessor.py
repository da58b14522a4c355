"""Whoever evaluates runs in the background: one after another, the oldest wish first, until there is none left.

`python -m vitcore.analysis.assessor --results FOLDER`, started by vitcore.analysis.assessments; one a results folder.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from filelock import Timeout

from vitcore import processes
from vitcore.analysis import assessments, outputs, representations, robustness
from vitcore.analysis.assessments import Wish
from vitcore.errors import UserError, first_line
from vitcore.runs import locks
from vitcore.runs.folder import Results, RunFolder

Evaluate = Callable[[RunFolder, Mapping[str, Any], Callable[[], bool]], None]
"""A run, the wish's options, and whether it was cancelled -> results in the run's folder."""

KINDS: Mapping[str, Evaluate] = {
    robustness.KIND: robustness.evaluate,
    outputs.KIND: outputs.evaluate,
    representations.KIND: representations.evaluate,
}


def main() -> None:
    """Works until nothing is wished for; a second worker of the same folder leaves at once."""
    parser = argparse.ArgumentParser(description="Evaluate stored runs.")
    parser.add_argument("--results")
    results = Results(parser.parse_args().results)
    try:
        with locks.lock(assessments.lock_path(results)).acquire(timeout=0):
            processes.lower_priority()
            while found := assessments.waiting(results, KINDS):
                work(found[0])
    except Timeout:
        return


def work(wish: Wish) -> None:
    """Does what one wish asks for; why it could not be done is written down with it."""
    kind, asked = wish.kind, wish.asked

    def cancelled() -> bool:
        now = assessments.wished(wish.run, kind)
        return now is None or now.asked != asked

    try:
        with locks.lock(assessments.working_path(wish.run, kind)).acquire(timeout=0):
            KINDS[kind](wish.run, wish.options, cancelled)
        assessments.finish(wish.run, kind, asked)
    except UserError as user_error:
        assessments.finish(wish.run, kind, asked, str(user_error))
    except Exception as error:  # noqa: BLE001  whatever it is, the next run has its turn and the traceback is kept
        traceback.print_exc()
        assessments.finish(wish.run, kind, asked, f"the run could not be evaluated: {first_line(error)}")


if __name__ == "__main__":
    try:
        main()
    except (UserError, OSError) as error:
        sys.exit(f"The runs cannot be evaluated: {error}")
