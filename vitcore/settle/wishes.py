"""What a person wishes of a question: that somebody works on it, that it is given up, that it goes on."""

from __future__ import annotations

import math
import os
import time
from dataclasses import replace
from pathlib import Path

from vitcore import processes
from vitcore.errors import UserError
from vitcore.runs import locks, queue
from vitcore.runs.files import write_own
from vitcore.runs.folder import Results, reason
from vitcore.settle import question as asked
from vitcore.settle.question import Question
from vitcore.settle.sentences import answer
from vitcore.settle.standing import standing
from vitcore.store import queries
from vitcore.store.index import Index

BEGINNING = 10.0
"""Seconds that a driver may take until it holds its lock; so long this process starts no second one."""

_begun: dict[Path, float] = {}


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
        for id in stands.under_way:
            if queue.status(results, id) == "queued":
                queue.cancel(results, id)


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


def ensure(results: Results) -> None:
    """Starts a driver for every open question of this account that has none. Idempotent; cheap where all is well.

    Raises:
        UserError: one cannot be started.
    """
    for question in asked.questions(results):
        path = lock_path(results, question.key)
        if (
            not question.worked_on
            or locks.is_locked(path)
            or time.monotonic() < _begun.get(path, -math.inf) + BEGINNING
        ):
            continue
        _begun[path] = time.monotonic()
        _start(results, question.key)


def _start(results: Results, key: str) -> None:
    log = results.shared_locks / f"settle-{key}.log"
    try:
        results.shared_locks.mkdir(parents=True, exist_ok=True)
        with os.fdopen(write_own(log, os.O_WRONLY | os.O_APPEND), "ab") as file:
            arguments = [key, "--results", str(results.root)]
            processes.forget(processes.start("vitcore.settle.driver", arguments, file, detached=True))
    except OSError as error:
        raise UserError(f"the question is kept, but nobody can be started to settle it: {reason(error)}") from None


def lock_path(results: Results, key: str) -> Path:
    """Held by the question's driver for its life."""
    return results.shared_locks / f"settle-{key}.lock"
