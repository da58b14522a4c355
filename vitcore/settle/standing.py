"""Where a question stands: derived from the stored runs alone, so that whoever looks, and whenever, sees the same.

Seeds are taken in their order, mostly 0, 1, 2 …; a seed counts once all settings still in the race have ended it. So no
run is chosen by its result, and a question that was interrupted goes on where it was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, Literal

import pandas as pd

from vitcore.settle.question import Question
from vitcore.spec import RunSpec
from vitcore.statistics.sequential import Interval, Verdict, confidence_sequence, half_width, sign_evidence, verdict
from vitcore.store.of_seeds import OfSeeds, never_began

State = Literal["open", "answered", "spent", "blocked"]
DIVERGENCE = 0.2
"""The part of alpha that is spent on whether one diverges more often; the rest is spent on the difference."""

UNDER_WAY = ("queued", "running")


@dataclass(frozen=True)
class Pairing:
    """Two settings seed by seed.

    Attributes:
        first, second: places among the question's settings.
        seeds: those that both finished, in order.
        differences: error of the first minus the second's at each of them, in percentage points.
        sequence: the interval for the mean difference after each of them.
        diverged: seeds at which the first alone, and the second alone, diverged.
        verdict: the first one that was not "open"; nothing that comes later takes it back.
        by: what settled it.
    """

    first: int
    second: int
    seeds: tuple[int, ...] = ()
    differences: tuple[float, ...] = ()
    sequence: tuple[Interval, ...] = ()
    diverged: tuple[int, int] = (0, 0)
    verdict: Verdict = "open"
    by: Literal["", "difference", "divergence"] = ""


@dataclass(frozen=True)
class Standing:
    """What is known of a question, and what it needs next.

    Attributes:
        pairings: every two settings.
        runs: the run of each (setting, seed) that counts or is under way, by id.
        errors: test error in percent of each (setting, seed) that finished.
        diverged: how many seeds of each setting diverged; these pairs have no difference.
        racing: places of the settings that no other has been shown to be better than.
        state: whether it goes on.
        blocked: why it cannot go on, in a sentence.
        interrupted: runs that can be resumed.
        under_way: runs that are waited for.
        wanted: what to queue next.
    """

    pairings: tuple[Pairing, ...]
    runs: Mapping[tuple[int, int], str]
    errors: Mapping[tuple[int, int], float]
    diverged: Mapping[int, int]
    racing: tuple[int, ...]
    state: State
    blocked: str = ""
    interrupted: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()
    wanted: tuple[RunSpec, ...] = ()

    @property
    def spent(self) -> int:
        """Runs that it has used, those under way included."""
        return len(self.runs)


@dataclass
class _Race:
    """The race while it is followed seed by seed."""

    question: Question
    tables: list[dict[int, dict[str, Any]]]  # for each setting: seed -> the run's row
    pairings: list[Pairing]
    racing: list[int]
    runs: dict[tuple[int, int], str] = field(default_factory=dict)
    errors: dict[tuple[int, int], float] = field(default_factory=dict)
    diverged: dict[int, int] = field(default_factory=dict)

    def take(self, seed: int) -> dict[str, list[Any]]:
        """Looks at one seed of all that race: what is missing, under way, interrupted, or in the way."""
        found: dict[str, list[Any]] = {"missing": [], "under_way": [], "interrupted": [], "blocked": []}
        data: dict[str, str] = {}
        for place in self.racing:
            row = self.tables[place].get(seed)
            if row is None or never_began(row):
                found["missing"].append(RunSpec.of(self.question.settings[place], seed=seed))
                continue
            self.runs[place, seed] = row["id"]
            status = row["status"]
            if isinstance(row.get("data_digest"), str):
                data[row["data_digest"]] = row["id"]
            if status in UNDER_WAY:
                found["under_way"].append(row["id"])
            elif status == "interrupted":
                found["interrupted"].append(row["id"])
            elif status == "finished" and math.isfinite(_number(row["error_percent"])):
                self.errors[place, seed] = float(row["error_percent"])
            elif status == "diverged":
                self.diverged[place] = self.diverged.get(place, 0) + 1
            else:
                why = row.get("reason")
                ended = f"run {row['id']} {'has' if status == 'failed' else 'is'} {status}"
                found["blocked"].append(ended + (f": {why}" if isinstance(why, str) and why else ""))
        if len(data) > 1:
            found["blocked"].append(f"runs {' and '.join(data.values())} saw different data, so they are no pair")
        return found

    def judge(self, seed: int) -> None:
        """Takes in a seed that all have ended, and drops who is shown to be worse."""
        alpha = self.question.alpha / len(self.pairings)  # Bonferroni: all hold at once, whoever is dropped
        racing = set(self.racing)
        for at, pairing in enumerate(self.pairings):
            if pairing.verdict == "open" and {pairing.first, pairing.second} <= racing:
                self.pairings[at] = self._after(pairing, seed, alpha)
        worse = {
            p.second if p.verdict == "first" else p.first for p in self.pairings if p.verdict in ("first", "second")
        }
        self.racing = [place for place in self.racing if place not in worse]

    def _after(self, pairing: Pairing, seed: int, alpha: float) -> Pairing:
        """The pairing with one more seed: a difference where both finished, else who diverged."""
        errors = [self.errors.get((place, seed)) for place in (pairing.first, pairing.second)]
        if errors[0] is not None and errors[1] is not None:
            differences = (*pairing.differences, errors[0] - errors[1])
            step = max(_resolution(self.tables[place][seed]) for place in (pairing.first, pairing.second))
            sequence = confidence_sequence(differences, alpha=alpha * (1 - DIVERGENCE), resolution=step)
            seeds, decided = (*pairing.seeds, seed), verdict(sequence[-1], self.question.margin)
            by: Literal["", "difference"] = "" if decided == "open" else "difference"
            return replace(
                pairing, seeds=seeds, differences=differences, sequence=tuple(sequence), verdict=decided, by=by
            )
        if errors[0] is None and errors[1] is None:
            return pairing
        first, second = pairing.diverged[0] + (errors[0] is None), pairing.diverged[1] + (errors[1] is None)
        if sign_evidence(first, second) < 1 / (alpha * DIVERGENCE):
            return replace(pairing, diverged=(first, second))
        better: Verdict = "second" if first > second else "first"
        return replace(pairing, diverged=(first, second), verdict=better, by="divergence")

    def answered(self) -> bool:
        """Whether nothing is open among those that race."""
        left = set(self.racing)
        return all(p.verdict != "open" for p in self.pairings if {p.first, p.second} <= left)

    def stands(self, state: State, **more: Any) -> Standing:
        return Standing(tuple(self.pairings), self.runs, self.errors, self.diverged, tuple(self.racing), state, **more)


def standing(question: Question, runs: pd.DataFrame) -> Standing:
    """Where the question stands.

    Args:
        runs: the stored runs, as `store.queries.runs` gives them.
    """
    places, stored = range(len(question.settings)), OfSeeds(runs)
    race = _Race(
        question,
        [stored.of(spec) for spec in question.settings],
        [Pairing(first, second) for first, second in combinations(places, 2)],
        list(places),
    )
    for seed in range(question.first_seed, question.first_seed + question.budget):
        if len(race.runs) + len(race.racing) > question.budget:
            return race.stands("spent")
        found = race.take(seed)
        if found["blocked"]:
            way_on = "resume or delete it (it is then run again), then go on"
            return race.stands("blocked", blocked=f"{found['blocked'][0].rstrip('.')}; {way_on}")
        if found["missing"] or found["under_way"] or found["interrupted"]:
            return race.stands(
                "open",
                interrupted=tuple(found["interrupted"]),
                under_way=tuple(found["under_way"]),
                wanted=tuple(found["missing"]),
            )
        race.judge(seed)
        if race.answered():
            return race.stands("answered")
    return race.stands("spent")


def pairs_to_come(pairing: Pairing, question: Question, pairings: int) -> int | None:
    """How many more pairs would settle it if mean and spread stay as seen; None: too few to say, or beyond the budget.

    A guess for planning: the truth is neither the mean nor the spread seen so far.
    """
    if len(pairing.differences) < 2 or pairing.verdict != "open":
        return None
    values = pd.Series(pairing.differences)
    mean, deviation = float(values.mean()), float(values.std())
    alpha = question.alpha / pairings * (1 - DIVERGENCE)
    for pairs in range(len(values) + 1, question.budget // 2 + 1):
        reach = half_width(pairs, deviation, alpha)
        if verdict(Interval(pairs, mean, mean - reach, mean + reach), question.margin) != "open":
            return pairs - len(values)
    return None


def _resolution(row: Mapping[str, Any]) -> float:
    """Percentage points that one image of the test set is worth; 0 where nobody knows how many there are."""
    images = _number(row.get("test_samples"))
    return 100 / images if images > 0 else 0.0


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
