"""Asking stored runs about a person's own drawings: `python -m vitcore.analysis.drawings ID …`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from vitcore import processes
from vitcore.errors import Refusal
from vitcore.runs import drawings
from vitcore.runs.files import open_own
from vitcore.runs.folder import Results, RunFolder

SECONDS = 600.0
AT_ONCE = 200  # runs asked by one press of the button


def ask(results: Results, ids: Sequence[str]) -> str:
    """Asks these runs in a process of its own and waits; each answer is kept as it comes; what was passed over.

    Raises:
        Refusal: it failed, or took more than ten minutes.
    """
    arguments = ["--results", str(results.root), *ids[:AT_ONCE]]
    return processes.answer("vitcore.analysis.drawings", arguments, SECONDS)[1].strip()


def judge(results: Results, run: RunFolder) -> drawings.Verdict:
    """What a run makes of all drawings of its classes; one on which nothing is to be seen counts as a mistake.

    Raises:
        Refusal: it has no weights, or its classes cannot be drawn.
    """
    from PIL import Image

    from vitcore.runs.predict import load, predict

    name = run.spec().data.dataset
    shelf = drawings.shelf(name)
    if shelf is None:
        raise Refusal(f"run {run.id} tells classes apart that only its own folder knows, so no drawing can ask it")
    kept, loaded, right = drawings.kept(results, shelf), load(run), 0
    for one in kept:
        try:
            with open_own(one.path) as file, Image.open(file, formats=("PNG",)) as picture:
                right += predict(loaded, picture).best == one.label
        except (Refusal, OSError, SyntaxError):
            continue
    return drawings.Verdict(right, len(kept), drawings.edition(kept))


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
            drawings.keep_verdict(run, judge(results, run))
        except Refusal as refusal:
            print(f"{id} was passed over: {refusal}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
