"""A search as it was asked for and how far it has come: arms, what is searched, budget, the trials drawn so far.

It is a small file, `searches/<key>.json`. What became of a trial stands in the stored runs and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from vitcore.errors import UserError
from vitcore.runs import background
from vitcore.runs.background import Kind, Record
from vitcore.runs.folder import Results
from vitcore.search import space as spaces
from vitcore.search.space import Dimension
from vitcore.spec import RunSpec

KIND = Kind("search", "searches", "search", "search list", "vitcore.search.driver")
EXTRA = 'a search draws its trials with Optuna, which is not installed; `pip install "vitcore[search]"` installs it'

Sampler = Literal["random", "tpe"]
Pruner = Literal["none", "median", "hyperband"]
SAMPLERS: Mapping[Sampler, str] = {"random": "random", "tpe": "TPE"}
PRUNERS: Mapping[Pruner, str] = {"none": "none", "median": "median", "hyperband": "Hyperband"}

TRIALS, EPOCHS, SEEDS = 12, 5, 1
MOST_ARMS, MOST_TRIALS, MOST_SEEDS, MOST_REPEATS = 4, 1_000, 10, 20
MOST_RUNS = 10_000


@dataclass(frozen=True)
class Trial:
    """A setting that was drawn for an arm.

    Attributes:
        arm: its place among the search's arms.
        repeat: which of the arm's independent searches it belongs to, from 0.
        number: its place in that one, from 0.
        values: of each option that is searched.
    """

    arm: int
    repeat: int
    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Budget:
    """What every arm may use, one like the other.

    Attributes:
        trials: settings drawn, in each repeat.
        epochs: of each run.
        seeds: runs of each trial; its error is their mean.
        repeats: independent searches of an arm.
        sampler: how settings are drawn.
        pruner: by what unpromising trials are stopped.
    """

    trials: int = TRIALS
    epochs: int = EPOCHS
    seeds: int = SEEDS
    repeats: int = 1
    sampler: Sampler = "tpe"
    pruner: Pruner = "none"

    @property
    def each(self) -> int:
        """Trials of an arm, its repeats together."""
        return self.trials * self.repeats

    @property
    def independent(self) -> bool:
        """Whether no trial looks at another: TPE looks before it draws, a pruner before it stops."""
        return self.sampler == "random" and self.pruner == "none"


@dataclass(frozen=True)
class Search:
    """For each of some arms, which values of the options searched give the lowest validation error?

    Attributes:
        arms: what is compared, each a spec; the options searched, epochs and seed of them do not count.
        space: the options searched.
        budget: of each arm.
        seed: of all that is drawn.
        trials: those drawn so far.
        confirmed: the question to Settle that runs the best again with fresh seeds; empty: none was asked.
        key, created, ended, sentence, own: as of a question (settle.question).
    """

    arms: tuple[RunSpec, ...]
    space: tuple[Dimension, ...]
    budget: Budget
    seed: int = 0
    trials: tuple[Trial, ...] = ()
    confirmed: str = ""
    key: str = ""
    created: float = 0.0
    ended: str = ""
    sentence: str = ""
    own: bool = True

    @property
    def worked_on(self) -> bool:
        """Whether somebody is to work on it here: it is open, and this account's own."""
        return self.own and not self.ended

    @property
    def state(self) -> str:
        """`ended` (complete, stopped or blocked), or else: open, or not ours to work on."""
        return self.ended or ("open" if self.own else "not ours")

    def spec(self, trial: Trial, seed: int = 0) -> RunSpec:
        """A trial's run: never evaluated on the test images. Raises UserError where its values do not go together."""
        return setting(self.arms[trial.arm], trial.values, self.budget.epochs, seed)

    def tracks(self) -> Iterator[tuple[int, int]]:
        """Each arm of each repeat, one arm after the other: none is drawn for before the others."""
        for repeat in range(self.budget.repeats):
            for arm in range(len(self.arms)):
                yield arm, repeat

    def of(self, arm: int, repeat: int) -> list[Trial]:
        """The trials of a track, in order."""
        found = [trial for trial in self.trials if (trial.arm, trial.repeat) == (arm, repeat)]
        return sorted(found, key=lambda trial: trial.number)


def setting(arm: RunSpec, values: Mapping[str, Any], epochs: int, seed: int = 0) -> RunSpec:
    """An arm with these values as the run of a trial."""
    return RunSpec.of(arm, **values, epochs=epochs, seed=seed, evaluate_test=False, name="")


def check_budget(arms: int, budget: Budget, seed: int) -> None:
    """Hold that a budget is one. Raises UserError."""
    limits = {
        "trials": (budget.trials, 2, MOST_TRIALS),
        "epochs": (budget.epochs, 1, 10_000),
        "seeds": (budget.seeds, 1, MOST_SEEDS),
        "repeats": (budget.repeats, 1, MOST_REPEATS),
        "the search's seed": (seed, 0, 2**31 - 1),
    }
    for name, (value, least, most) in limits.items():
        if type(value) is not int or not least <= value <= most:
            raise UserError(f"{name}: {value} does not do; give a whole number from {least} to {most:,}")
    if budget.sampler not in get_args(Sampler):
        raise UserError(f"there is no sampler {budget.sampler!r}; there are {', '.join(get_args(Sampler))}")
    if budget.pruner not in get_args(Pruner):
        raise UserError(f"there is no pruner {budget.pruner!r}; there are {', '.join(get_args(Pruner))}")
    if budget.pruner != "none" and budget.epochs < 2:
        raise UserError("a trial of one epoch has ended before it could be pruned; prune by none, or train longer")
    runs = arms * budget.each * budget.seeds
    if runs > MOST_RUNS:
        raise UserError(f"that would be {runs:,} runs; a search has at most {MOST_RUNS:,}: take fewer trials or seeds")


def deciding(results: Results, key: str) -> AbstractContextManager[None]:
    """For whoever reads a search's state and acts on it, as `background.deciding`. Raises UserError."""
    return background.deciding(results, KIND, key)


def keep(results: Results, search: Search) -> Search:
    """Writes the search's file, whole. Raises UserError where it cannot be written."""
    asked = {
        "arms": [arm.to_dict() for arm in search.arms],
        "space": [dimension.to_dict() for dimension in search.space],
        **asdict(search.budget),
        "seed": search.seed,
    }
    more = {"trials": [asdict(trial) for trial in search.trials], "confirmed": search.confirmed}
    record = Record(asked, more, search.created, search.ended, search.sentence, search.own)
    background.keep(results, KIND, search.key, record)
    return search


def load(results: Results, key: str) -> Search:
    """A stored search. Raises UserError where there is none of that name, or its file is broken."""
    record = background.read(results, KIND, key)
    asked = record.asked
    try:
        names = Budget.__dataclass_fields__
        search = Search(
            tuple(RunSpec.parse(arm) for arm in asked["arms"]),
            tuple(spaces.of_dict(dimension) for dimension in asked["space"]),
            Budget(**{name: asked[name] for name in names}),
            int(asked["seed"]),
            confirmed=str(record.more.get("confirmed", "")),
            key=key,
            created=record.created,
            ended=record.ended,
            sentence=record.sentence,
            own=record.own,
        )
        check_budget(len(search.arms), search.budget, search.seed)
        drawn = record.more.get("trials", [])
        return replace(search, trials=tuple(_trial(search, raw) for raw in drawn))
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:  # a UserError is a ValueError
        raise background.broken(results, KIND, key, error) from None


def _trial(search: Search, raw: Mapping[str, Any]) -> Trial:
    """A trial of the file, held to what was asked."""
    trial = Trial(raw["arm"], raw["repeat"], raw["number"], dict(raw["values"]))
    limits = (len(search.arms), search.budget.repeats, search.budget.trials)
    for value, below in zip((trial.arm, trial.repeat, trial.number), limits, strict=True):
        if type(value) is not int or not 0 <= value < below:
            raise ValueError(f"a trial's place {value!r} is not below {below}")
    if set(trial.values) != {dimension.name for dimension in search.space}:
        raise ValueError("a trial has other options than are searched")
    for dimension in search.space:
        if not dimension.holds(trial.values[dimension.name]):
            raise ValueError(f"a trial's {dimension.name} lies outside its range")
    search.spec(trial)  # whose values must go together, too
    return trial


def searches(results: Results) -> list[Search]:
    """Every search that can be read, newest first."""
    return background.every(results, KIND, load)


def forget(results: Results, key: str) -> None:
    """Deletes a search; its runs stay. Raises UserError where it cannot."""
    background.forget(results, KIND, key)
