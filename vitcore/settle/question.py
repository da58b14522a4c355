"""A question to settle: which settings, what difference matters, how many runs it may cost; kept as a small file."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from vitcore.data.load import available, downloads
from vitcore.errors import UserError
from vitcore.runs import background
from vitcore.runs.background import Kind, Record
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.statistics.sequential import LEAST_PAIRS

MARGIN = 0.5
"""Percentage points of error that matter, where nobody says otherwise."""

BUDGET = 40
"""Runs that a question may use, where nobody says otherwise."""

MOST_SETTINGS = 8
FOREIGN = "It was asked on another machine or by another account, so nothing is trained for it until you let it go on."
KIND = Kind("question", "questions", "settle", "settle --list", "vitcore.settle.driver")


@dataclass(frozen=True)
class Question:
    """Which of some settings has the lower test error (of the last weights, over seeds), by more than a margin?

    Attributes:
        settings: two or more specs that share their test images; their seeds do not count.
        margin: the smallest difference that matters, in percentage points of test error.
        budget: runs that it may use at most, those that were stored before included.
        alpha: probability that any of its decisions is wrong.
        key: its file's name.
        created: unix seconds.
        ended: why nobody works on it any more: "answered", "spent", "stopped" or "blocked"; empty while it is open.
        sentence: what was said when it ended.
        own: whether this account asked it; another's, in a folder from elsewhere, is shown and starts nothing.
        first_seed: seeds are taken from here on; above 0 where earlier ones have chosen the settings.
    """

    settings: tuple[RunSpec, ...]
    margin: float = MARGIN
    budget: int = BUDGET
    alpha: float = 0.05
    key: str = ""
    created: float = 0.0
    ended: str = ""
    sentence: str = ""
    own: bool = True
    first_seed: int = 0

    @property
    def worked_on(self) -> bool:
        """Whether somebody is to work on it here: it is open, and this account's own."""
        return self.own and not self.ended

    @property
    def state(self) -> str:
        """`ended`, or else: open, or not ours to work on."""
        return self.ended or ("open" if self.own else "not ours")


def ask(
    results: Results, settings: Sequence[RunSpec], margin: float = MARGIN, budget: int = BUDGET, first_seed: int = 0
) -> Question:
    """Stores a question; one that is asked already, and open, is not asked twice.

    Raises:
        UserError: the settings cannot be compared, the margin is no difference, the budget does not do, the data are
            not there, or the results folder cannot be written.
    """
    plain = tuple(spec.model_copy(update={"seed": 0, "name": ""}) for spec in settings)
    check(plain, margin, budget)
    for known in questions(results):
        if not known.ended and (known.settings, known.margin, known.first_seed) == (plain, margin, first_seed):
            with deciding(results, known.key):
                now_known = load(results, known.key)
                if not now_known.ended:
                    return keep(results, replace(now_known, budget=budget))
    now = time.time()
    question = Question(plain, float(margin), budget, key=background.new_key(now), created=round(now, 3))
    return keep(results, replace(question, first_seed=first_seed))


def check(settings: Sequence[RunSpec], margin: float, budget: int) -> None:
    """Hold that a question can be asked, as `ask` says. Raises UserError."""
    if not 2 <= len(settings) <= MOST_SETTINGS:
        raise UserError(f"a question is between 2 and {MOST_SETTINGS} settings; given were {len(settings)}")
    fingerprints = [spec.fingerprint() for spec in settings]
    for place, fingerprint in enumerate(fingerprints):
        if fingerprint in fingerprints[:place]:
            first = fingerprints.index(fingerprint) + 1
            raise UserError(
                f"settings {first} and {place + 1} are the same but for seed, device or precision; "
                "choose two that differ in another option"
            )
    tested = {(spec.data.dataset, spec.data.folder) for spec in settings}
    if len(tested) > 1:
        names = " and ".join(sorted({spec.data.dataset for spec in settings}))
        raise UserError(f"errors on different test images cannot be compared ({names}); choose settings of one dataset")
    if not (isinstance(margin, int | float) and math.isfinite(margin) and 0 < margin < 100):
        raise UserError(f"the difference that matters is above 0 and below 100 percentage points, not {margin}")
    least = LEAST_PAIRS * len(settings)
    if budget < least:
        raise UserError(
            f"{len(settings)} settings need {LEAST_PAIRS} seeds each before anything can be said, "
            f"so at least {least} runs; the budget is {budget}"
        )
    data = settings[0].data
    why = available(data.dataset, data.folder)
    if why and not downloads(data.dataset):
        raise UserError(why)


def deciding(results: Results, key: str) -> AbstractContextManager[None]:
    """For whoever reads a question's state and acts on it, as `background.deciding`. Raises UserError."""
    return background.deciding(results, KIND, key)


def keep(results: Results, question: Question) -> Question:
    """Writes the question's file, whole. Raises UserError where it cannot be written."""
    asked: dict[str, Any] = {
        "settings": [spec.to_dict() for spec in question.settings],
        "margin": question.margin,
        "budget": question.budget,
        "alpha": question.alpha,
    }
    if question.first_seed:  # questions of before there was such a field keep their mark
        asked["first_seed"] = question.first_seed
    record = Record(asked, {}, question.created, question.ended, question.sentence, question.own)
    background.keep(results, KIND, question.key, record)
    return question


def load(results: Results, key: str) -> Question:
    """A stored question. Raises UserError where there is none of that name, or its file is broken."""
    record = background.read(results, KIND, key)
    found = record.asked
    try:
        first_seed, budget = int(found.get("first_seed", 0)), int(found["budget"])
        if not 0 <= first_seed < 2**31 - budget:
            raise ValueError(f"seeds from {first_seed} on are none")
        return Question(
            tuple(RunSpec.parse(spec) for spec in found["settings"]),
            float(found["margin"]),
            budget,
            float(found["alpha"]),
            key,
            record.created,
            record.ended,
            record.sentence,
            record.own,
            first_seed,
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:  # a UserError is a ValueError
        raise background.broken(results, KIND, key, error) from None


def questions(results: Results) -> list[Question]:
    """Every question that can be read, newest first."""
    return background.every(results, KIND, load)


def forget(results: Results, key: str) -> None:
    """Deletes a question; its runs stay. Raises UserError where it cannot."""
    background.forget(results, KIND, key)
