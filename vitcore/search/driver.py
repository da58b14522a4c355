"""Whoever works on a search: draws trials, queues their runs, stops those that are pruned, and goes when all is done.

`python -m vitcore.search.driver KEY --results FOLDER`, started by whoever asks. Everything it knows it reads from the
search's file and the stored runs; killed at any moment, the next one goes on where it was.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

import pandas as pd

from vitcore.cost.speed import Speed
from vitcore.errors import UserError
from vitcore.runs import background, queue
from vitcore.runs.folder import Results
from vitcore.search import plan, sampling
from vitcore.search.plan import Search, Trial
from vitcore.search.sampling import Past
from vitcore.search.sentences import answer
from vitcore.search.standing import WORST, Outcome, Standing, standing
from vitcore.search.wishes import end
from vitcore.store import queries
from vitcore.store.index import Index

AT_ONCE = 4
"""Random trials of an arm that are under way at once; TPE and pruning look at each before the next is drawn."""

ATTEMPTS = 200
"""Draws of values that do not go together before it is said that none do."""

Curve = Mapping[int, float]


def main() -> None:
    """Works on one search until it has ended; a second driver of the same one leaves at once."""
    background.drive(plan.KIND, Driver)


class Driver:
    """What a driver has in mind beside the stored runs: all of it can be lost."""

    load = staticmethod(plan.load)

    def __init__(self, results: Results) -> None:
        self.results, self.index = results, Index(results)
        self._resumed: set[str] = set()
        self._curves: dict[str, Curve] = {}  # of first seeds that have ended
        self._judged: dict[str, int] = {}  # epochs of a run that the pruner has looked at

    def look(self) -> None:
        """Reads what has come of its runs."""
        self.index.poll()

    def step(self, search: Search) -> None:
        """Says the answer where all trials have ended, else sees that the next are drawn, trained and judged."""
        runs = queries.runs(self.index)
        stands = standing(search, runs)
        if stands.state != "open":
            end(self.results, search, stands.state, answer(search, stands))
            return
        try:
            queue.resume_once(self.results, stands.interrupted, self._resumed)
            drawn = self._drawn(search, stands)
            if drawn is not search:
                search, stands = drawn, standing(drawn, runs)
            if stands.wanted:
                speed = Speed(runs)
                for spec in stands.wanted:
                    queue.enqueue(self.results, spec, speed.expected(spec))
            queue.ensure_dispatcher(self.results)
            self._prune(search, stands, runs)
        except UserError as error:
            end(self.results, search, "blocked", f"It cannot go on: {error}.")

    def _drawn(self, search: Search, stands: Standing) -> Search:
        """The search with the trials whose turn has come, kept before any of their runs is queued."""
        fresh = [self._draw(search, stands, *place) for place in due(search, stands)]
        return plan.keep(self.results, replace(search, trials=(*search.trials, *fresh))) if fresh else search

    def _draw(self, search: Search, stands: Standing, number: int, arm: int, repeat: int) -> Trial:
        past = self._past(search, stands, arm, repeat, number) if search.budget.sampler == "tpe" else []
        why = ""
        for attempt in range(ATTEMPTS):
            trial = Trial(arm, repeat, number, sampling.draw(search, (arm, repeat), number, attempt, past))
            try:
                search.spec(trial)
            except UserError as error:
                why = str(error)
                continue
            return trial
        raise UserError(f"of {ATTEMPTS} draws within these ranges none gave a run: {why}")

    def _past(self, search: Search, stands: Standing, arm: int, repeat: int, number: int) -> list[Past]:
        before = [each for each in stands.of(arm, repeat) if each.ended and each.trial.number < number]
        curves = self._first_seeds(before) if search.budget.pruner != "none" else {}
        return [
            Past(each.trial.values, each.error, curves.get(each.runs[0], {}), each.ended == "pruned") for each in before
        ]

    def _first_seeds(self, outcomes: list[Outcome]) -> dict[str, Curve]:
        """The curves of trials that have ended, by their first run."""
        ids = [each.runs[0] for each in outcomes]
        self._curves |= curves(self.index, [id for id in ids if id not in self._curves])
        return {id: self._curves[id] for id in ids if id in self._curves}

    def _prune(self, search: Search, stands: Standing, runs: pd.DataFrame) -> None:
        """Stops the first seed of each trial that does worse than those before it, by the validation errors so far."""
        if search.budget.pruner == "none":
            return
        running = set(runs.loc[runs["status"] == "running", "id"])
        for each in stands.outcomes:
            if each.ended or len(each.runs) != 1 or each.runs[0] not in running:
                continue
            id, trial = each.runs[0], each.trial
            curve = curves(self.index, [id]).get(id, {})
            if len(curve) <= self._judged.get(id, 0):
                continue
            self._judged[id] = len(curve)
            past = self._past(search, stands, trial.arm, trial.repeat, trial.number)
            if sampling.pruned_at(search, (trial.arm, trial.repeat), past, curve) is not None:
                with suppress(UserError):  # it has ended in between: then it was trained whole, and counts so
                    queue.stop(self.results, id)


def due(search: Search, stands: Standing) -> Iterator[tuple[int, int, int]]:
    """Number, arm and repeat of each trial to be drawn now, the arms in turn."""
    room, places = AT_ONCE if search.budget.independent else 1, []
    for arm, repeat in search.tracks():
        outcomes = stands.of(arm, repeat)
        under_way = sum(not each.ended for each in outcomes)
        upto = min(search.budget.trials, len(outcomes) + max(0, room - under_way))
        places += [(number, arm, repeat) for number in range(len(outcomes), upto)]
    yield from sorted(places, key=lambda place: (place[0], place[2], place[1]))


def curves(index: Index, ids: list[str]) -> dict[str, Curve]:
    """The validation error of these runs by epoch, where they were validated; what is no number is the worst."""
    if not ids:
        return {}
    table = queries.epochs(index, ids)
    table = table[table["validated"]]
    errors = table["val_error"].astype(float).fillna(WORST)
    found: dict[str, dict[int, float]] = {}
    for id, epoch, error in zip(table["run_id"], table["epoch"], errors, strict=True):
        found.setdefault(str(id), {})[int(epoch)] = float(error)
    return dict(found)


if __name__ == "__main__":
    try:
        main()
    except (UserError, OSError) as error:
        sys.exit(f"The search cannot be worked on: {error}")
