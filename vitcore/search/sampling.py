"""Optuna, asked two things: which values the next trial has, and whether a trial is to be stopped.

Its studies live in memory for the length of a question. Each is made again of what the stored runs tell, with a seed
of the trial's own, so that whoever asks, and however often somebody was killed before, hears the same answer.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vitcore.errors import UserError
from vitcore.search.plan import EXTRA, Search
from vitcore.search.space import Dimension
from vitcore.search.standing import WORST

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

STARTUP = 5
"""Trials that TPE draws at random before it looks at any result; median pruning waits for as many."""

REDUCTION = 3
"""Hyperband's reduction factor: of three trials at a rung one goes on."""


@dataclass(frozen=True)
class Past:
    """What a trial has come to.

    Attributes:
        values: of the options searched.
        error: validation error in percent, WORST where it diverged.
        curve: the validation error by epoch, of its first seed.
        pruned: whether it was stopped early.
    """

    values: Mapping[str, Any]
    error: float
    curve: Mapping[int, float]
    pruned: bool = False


def draw(search: Search, track: tuple[int, int], number: int, attempt: int, past: Sequence[Past]) -> dict[str, Any]:
    """The values of a track's trial.

    Args:
        track: arm and repeat.
        attempt: how often values were drawn for it before that do not go together.
        past: of TPE the track's trials before it, in order; a random draw looks at none.

    Raises:
        UserError: Optuna is not installed.
    """
    optuna = _optuna()
    seed = _seed(search, track, number, attempt)
    with _quiet():
        sampler = (
            optuna.samplers.RandomSampler(seed=seed)
            if search.budget.sampler == "random"
            else optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        )
        study, distributions = optuna.create_study(sampler=sampler), _distributions(search.space)
        if search.budget.sampler == "tpe":
            study.add_trials(
                optuna.trial.create_trial(
                    state=_state(each.pruned),
                    params=_params(each, search.space),
                    distributions=distributions,
                    value=each.error,
                    intermediate_values=dict(each.curve),
                )
                for each in past
            )
        return _values(study.ask(distributions).params, search.space)


def pruned_at(search: Search, track: tuple[int, int], past: Sequence[Past], curve: Mapping[int, float]) -> int | None:
    """The first epoch after which the trial that follows `past` is to be stopped; None: it goes on.

    Args:
        past: the track's trials before it, in order.
        curve: its validation error by epoch, as far as it has come.
    """
    optuna = _optuna()
    pruners = {
        "median": optuna.pruners.MedianPruner(n_startup_trials=STARTUP),
        "hyperband": optuna.pruners.HyperbandPruner(1, search.budget.epochs, REDUCTION),
    }
    if search.budget.pruner not in pruners:
        return None
    with _quiet():
        study = optuna.create_study(
            pruner=pruners[search.budget.pruner], study_name=f"{search.key} {track[0]} {track[1]}"
        )
        for each in past:  # asked and told again: Hyperband counts who reached which rung
            _reported(study, each.curve, each)
        return _reported(study, curve)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise UserError(EXTRA) from None
    return optuna


def _reported(study: Study, curve: Mapping[int, float], past: Past | None = None) -> int | None:
    """Reports a trial's epochs in order; where it would be stopped, if it is under way."""
    trial = study.ask()
    for epoch in sorted(curve):
        trial.report(curve[epoch] if math.isfinite(curve[epoch]) else WORST, epoch)
        if trial.should_prune() and past is None:
            return epoch
    if past is not None:
        study.tell(trial, None if past.pruned else past.error, state=_state(past.pruned))
    return None


def _state(pruned: bool) -> Any:
    from optuna.trial import TrialState

    return TrialState.PRUNED if pruned else TrialState.COMPLETE


def _distributions(space: Sequence[Dimension]) -> dict[str, BaseDistribution]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, BaseDistribution] = {}
    for item in space:
        if item.choices:
            found[item.name] = CategoricalDistribution(item.choices)
        elif item.field.kind is int:
            found[item.name] = IntDistribution(int(item.low or 0), int(item.high or 0), log=item.log)
        else:
            found[item.name] = FloatDistribution(float(item.low or 0), float(item.high or 0), log=item.log)
    return found


def _params(past: Past, space: Sequence[Dimension]) -> dict[str, Any]:
    return {item.name: past.values[item.name] for item in space}


def _values(params: Mapping[str, Any], space: Sequence[Dimension]) -> dict[str, Any]:
    """As a spec has them: numbers to six digits, within their range."""
    found = {}
    for item in space:
        value = params[item.name]
        if isinstance(value, float) and not item.choices:
            value = min(max(float(f"{value:.6g}"), float(item.low or 0)), float(item.high or 0))
        found[item.name] = value
    return found


def _seed(search: Search, track: tuple[int, int], number: int, attempt: int) -> int:
    text = f"{search.seed} {track[0]} {track[1]} {number} {attempt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna writes a line a trial."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)
