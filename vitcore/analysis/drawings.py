"""Asking stored runs about a person's own drawings: `python -m vitcore.analysis.drawings ID …`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from vitcore import processes
from vitcore.errors import UserError
from vitcore.runs import drawing_sets, drawings
from vitcore.runs.files import open_own
from vitcore.runs.folder import Results, RunFolder

SECONDS = 600.0
AT_ONCE = 200  # runs asked by one press of the button


def ask(results: Results, ids: Sequence[str]) -> str:
    """Asks these runs in a process of its own and waits; each answer is kept as it comes; what was passed over.

    Raises:
        UserError: it failed, or took more than ten minutes.
    """
    arguments = ["--results", str(results.root), *ids[:AT_ONCE]]
    return processes.answer("vitcore.analysis.drawings", arguments, SECONDS)[1].strip()


def judge(results: Results, run: RunFolder) -> drawings.Score:
    """What a run makes of all drawings of its classes; one on which nothing is to be seen counts as a mistake.

    Raises:
        UserError: it has no weights, or its classes cannot be drawn.
    """
    from PIL import Image

    from vitcore.runs.predict import load, predict

    spec = run.spec()
    if drawing_sets.taught(results, spec):
        raise UserError(f"run {run.id} has learned from your drawings, so they are no test of it; see Draw instead")
    name = spec.data.dataset
    label_set = drawings.label_set(name)
    if label_set is None:
        raise UserError(f"run {run.id} tells classes apart that only its own folder knows, so no drawing can ask it")
    stored, loaded, right = drawings.stored(results, label_set), load(run), 0
    for item in stored:
        try:
            with open_own(item.path) as file, Image.open(file, formats=("PNG",)) as image:
                right += predict(loaded, image).best == item.label
        except (UserError, OSError, SyntaxError):
            continue
    return drawings.Score(right, len(stored), drawings.version(stored))


def main() -> None:
    """Asks run after run; one that cannot be asked is told on the way and passed over."""
    parser = argparse.ArgumentParser(description="Ask runs about the drawings that are kept.")
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--results")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    for id in arguments.ids:
        try:
            run = results.run(id)
            drawings.save_score(run, judge(results, run))
        except UserError as error:
            print(f"{id} was passed over: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
