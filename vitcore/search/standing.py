"""Where a search stands: what became of each trial, derived from the stored runs; and what is to be queued next."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from vitcore.search.plan import Search, Trial
from vitcore.spec import RunSpec
from vitcore.store.of_seeds import OfSeeds, never_began

State = Literal["open", "complete", "blocked"]
Ending = Literal["", "complete", "pruned", "diverged", "blocked"]

WORST = 100.0
"""The validation error of a run that diverged, in percent: it may not be left out, which would flatter."""

UNDER_WAY = ("queued", "running")
WAY_ON = "resume or delete it (it is then run again), then go on"


@dataclass(frozen=True)
class Outcome:
    """What became of a trial.

    Attributes:
        ended: how; empty while it is under way.
        error: validation error of the last weights in percent, the mean over its seeds; NaN while it is under way.
        errors: of each seed that has ended, in order.
        runs: its runs by id.
        epochs: those that it has trained, all its runs together.
        blocked: why it cannot end.
    """

    trial: Trial
    ended: Ending = ""
    error: float = math.nan
    errors: tuple[float, ...] = ()
    runs: tuple[str, ...] = ()
    epochs: int = 0
    blocked: str = ""


@dataclass(frozen=True)
class Standing:
    """What is known of a search, and what it needs next.

    Attributes:
        outcomes: of each trial, in the order in which they were drawn.
        state: whether it goes on.
        blocked: why it cannot go on, in a sentence.
        interrupted: runs that can be resumed.
        under_way: runs that are waited for.
        wanted: what to queue next.
        images: of validation; 0 while no run has told.
    """

    outcomes: tuple[Outcome, ...]
    state: State
    blocked: str = ""
    interrupted: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()
    wanted: tuple[RunSpec, ...] = ()
    images: int = 0

    def of(self, arm: int, repeat: int | None = None) -> list[Outcome]:
        """An arm's outcomes, of one repeat or of all, in order."""
        found = [each for each in self.outcomes if each.trial.arm == arm and repeat in (None, each.trial.repeat)]
        return sorted(found, key=lambda each: (each.trial.repeat, each.trial.number))

    def ended(self) -> list[Outcome]:
        """The trials that have an error."""
        return [each for each in self.outcomes if math.isfinite(each.error)]


@dataclass
class _Needs:
    """What is gathered while trials are looked at."""

    interrupted: list[str]
    under_way: list[str]
    wanted: list[RunSpec]
    images: int = 0


def standing(search: Search, runs: pd.DataFrame) -> Standing:
    """Where the search stands.

    Args:
        runs: the stored runs, as `store.queries.runs` gives them.
    """
    stored, needs = OfSeeds(runs), _Needs([], [], [])
    outcomes = tuple(_outcome(search, trial, stored, needs) for trial in search.trials)
    blocked = next((each.blocked for each in outcomes if each.blocked), "")
    all_drawn = len(outcomes) == len(search.arms) * search.budget.each
    over = all_drawn and all(each.ended and each.ended != "blocked" for each in outcomes)
    state: State = "blocked" if blocked else "complete" if over else "open"
    return Standing(
        outcomes, state, blocked, tuple(needs.interrupted), tuple(needs.under_way), tuple(needs.wanted), needs.images
    )


def _outcome(search: Search, trial: Trial, stored: OfSeeds, needs: _Needs) -> Outcome:
    """What became of one trial; what it still needs is added to the needs."""
    rows = stored.of(search.spec(trial))
    errors: list[float] = []
    ids: list[str] = []
    epochs, pruned, diverged = 0, False, False
    for seed in range(search.budget.seeds):
        if seed and search.budget.pruner != "none" and (pruned or diverged or not errors):
            break  # the first seed is judged before the others are trained
        row = rows.get(seed)
        if row is None or never_began(row):
            needs.wanted.append(search.spec(trial, seed))
            continue
        ids.append(row["id"])
        epochs += _count(row.get("epochs_done"))
        needs.images = needs.images or _count(row.get("val_samples"))
        status, error = row["status"], _number(row.get("val_error"))
        if status in UNDER_WAY:
            needs.under_way.append(row["id"])
        elif status == "interrupted" or (status == "stopped" and search.budget.pruner == "none"):
            needs.interrupted.append(row["id"])  # another search may have pruned it: here it is trained whole
        elif status in ("finished", "stopped") and math.isfinite(error):
            errors.append(error)
            pruned = pruned or status == "stopped"
        elif status == "diverged":
            errors.append(WORST)
            diverged = True
        else:
            return Outcome(trial, "blocked", runs=tuple(ids), epochs=epochs, blocked=_why(row))
    due = 1 if search.budget.pruner != "none" and (pruned or diverged) else search.budget.seeds
    if len(errors) < due:
        return Outcome(trial, errors=tuple(errors), runs=tuple(ids), epochs=epochs)
    ended: Ending = "diverged" if diverged else "pruned" if pruned else "complete"
    return Outcome(trial, ended, sum(errors) / len(errors), tuple(errors), tuple(ids), epochs)


def _why(row: Mapping[str, Any]) -> str:
    why = row.get("reason")
    ended = f"run {row['id']} {'has' if row['status'] == 'failed' else 'is'} {row['status']}"
    reason = f": {why}".rstrip(".") if isinstance(why, str) and why else ""
    return f"{ended}{reason}; {WAY_ON}"


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _count(value: Any) -> int:
    number = _number(value)
    return int(number) if number > 0 else 0
