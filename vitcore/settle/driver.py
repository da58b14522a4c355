"""Whoever works on a question: queues the next pair of seeds, waits, looks, and goes when it is settled.

`python -m vitcore.settle.driver KEY --results FOLDER`, started by whoever asks. Everything it knows it reads from the
stored runs; killed at any moment, the next one goes on where it was.
"""

from __future__ import annotations

import sys
import time

import pandas as pd

from vitcore.cost.speed import Speed
from vitcore.errors import UserError
from vitcore.runs import background, queue
from vitcore.runs.folder import Results
from vitcore.settle import question as asked
from vitcore.settle.sentences import answer
from vitcore.settle.standing import Standing, standing
from vitcore.settle.wishes import end
from vitcore.store import queries
from vitcore.store.index import Index

POLL_SECONDS = 0.5


def main() -> None:
    """Works on one question until it has ended; a second driver of the same one leaves at once."""
    background.drive(asked.KIND, work)


def work(results: Results, key: str) -> None:
    """Rounds of one seed each, until the question has ended."""
    index, resumed = Index(results), set[str]()
    while asked.is_open(results, key):
        index.poll()
        with asked.deciding(results, key):
            if asked.is_open(results, key):  # still: nobody has given it up meanwhile
                _step(results, key, queries.runs(index), resumed)
        time.sleep(POLL_SECONDS)


def _step(results: Results, key: str, runs: pd.DataFrame, resumed: set[str]) -> None:
    """Says the answer where there is one, else sees that the next seed is trained."""
    question = asked.load(results, key)
    stands = standing(question, runs)
    if stands.state != "open":
        end(results, question, stands.state, answer(question, stands))
        return
    try:
        for id in stands.interrupted:
            if id in resumed:
                raise UserError(f"run {id} was interrupted again; see its log")
            resumed.add(id)
            queue.resume(results, id)
        _queue(results, stands, Speed(runs))
        queue.ensure_dispatcher(results)
    except UserError as error:
        end(results, question, "blocked", f"It cannot go on: {error}.")


def _queue(results: Results, stands: Standing, speed: Speed) -> None:
    for spec in stands.wanted:
        queue.enqueue(results, spec, speed.expected(spec))


if __name__ == "__main__":
    try:
        main()
    except (UserError, OSError) as error:
        sys.exit(f"The question cannot be worked on: {error}")
