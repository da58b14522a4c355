"""Whoever works on a question: queues the next pair of seeds, waits, looks, and goes when it is settled.

`python -m vitcore.settle.driver KEY --results FOLDER`, started by whoever asks. Everything it knows it reads from the
stored runs; killed at any moment, the next one goes on where it was.
"""

from __future__ import annotations

import sys

from vitcore.cost.speed import Speed
from vitcore.errors import UserError
from vitcore.runs import background, queue
from vitcore.runs.folder import Results
from vitcore.settle import question as asked
from vitcore.settle.question import Question
from vitcore.settle.sentences import answer
from vitcore.settle.standing import standing
from vitcore.settle.wishes import end
from vitcore.store import queries
from vitcore.store.index import Index


def main() -> None:
    """Works on one question until it has ended; a second driver of the same one leaves at once."""
    background.drive(asked.KIND, Driver)


class Driver:
    """Rounds of one seed each, until the question has ended."""

    load = staticmethod(asked.load)

    def __init__(self, results: Results) -> None:
        self.results, self.index = results, Index(results)
        self._resumed: set[str] = set()

    def look(self) -> None:
        """Reads what has come of its runs."""
        self.index.poll()

    def step(self, question: Question) -> None:
        """Says the answer where there is one, else sees that the next seed is trained."""
        runs = queries.runs(self.index)
        stands = standing(question, runs)
        if stands.state != "open":
            end(self.results, question, stands.state, answer(question, stands))
            return
        try:
            queue.resume_once(self.results, stands.interrupted, self._resumed)
            if stands.wanted:
                speed = Speed(runs)
                for spec in stands.wanted:
                    queue.enqueue(self.results, spec, speed.expected(spec))
            queue.ensure_dispatcher(self.results)
        except UserError as error:
            end(self.results, question, "blocked", f"It cannot go on: {error}.")


if __name__ == "__main__":
    try:
        main()
    except (UserError, OSError) as error:
        sys.exit(f"The question cannot be worked on: {error}")
