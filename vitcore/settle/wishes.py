"""What a person wishes of a question: that somebody works on it, that it is given up, that it goes on."""

from __future__ import annotations

from dataclasses import replace

from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.settle import question as asked
from vitcore.settle.drivers import ensure
from vitcore.settle.question import Question
from vitcore.settle.sentences import answer
from vitcore.settle.standing import standing
from vitcore.store import queries
from vitcore.store.index import Index


def end(results: Results, question: Question, why: str, sentence: str) -> Question:
    """Writes down that nobody works on it any more, and what was said. To be called while `question.deciding`."""
    return asked.keep(results, replace(question, ended=why, sentence=sentence))


def stop(results: Results, key: str) -> None:
    """Gives a question up: what waits is taken out of the queue, what runs may end. Raises UserError."""
    asked.load(results, key)
    with asked.deciding(results, key):
        question, index = asked.load(results, key), Index(results)
        index.poll()
        stands = standing(question, queries.runs(index))
        end(results, question, "stopped", answer(question, stands))
        queue.withdraw(results, stands.under_way)


def go_on(results: Results, key: str, budget: int | None = None) -> Question:
    """Opens a question again, with another budget where one is given, and sees that somebody works on it."""
    asked.load(results, key)
    with asked.deciding(results, key):
        question = asked.load(results, key)
        budget = question.budget if budget is None else budget
        asked.check(question.settings, question.margin, budget)
        again = replace(question, ended="", sentence="", budget=budget, own=True)
        asked.keep(results, again)
    ensure(results)
    return again
