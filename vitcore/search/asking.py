"""Asking for a search: what is refused, in a sentence, before anything is stored or queued."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from vitcore.data.load import available, downloads
from vitcore.errors import UserError
from vitcore.runs import background
from vitcore.runs.folder import Results
from vitcore.search import space as spaces
from vitcore.search.plan import EXTRA, MOST_ARMS, Budget, Sampler, Search, check_budget, keep, searches, setting
from vitcore.search.space import Dimension
from vitcore.spec import RunSpec


def usual_sampler(arms: int) -> Sampler:
    """How settings are drawn where nobody says: at random for several arms, since TPE's one search has no interval."""
    return "tpe" if arms == 1 else "random"


def ask(results: Results, arms: Sequence[RunSpec], space: Sequence[Dimension], budget: Budget, seed: int = 0) -> Search:
    """Stores a search; one that is asked already, and open, is not asked twice.

    Raises:
        UserError: Optuna is missing, the arms cannot be compared, a range or the budget does not do, the data are not
            there, or the results folder cannot be written.
    """
    if importlib.util.find_spec("optuna") is None:
        raise UserError(EXTRA)
    check(arms, space, budget, seed)
    plain = tuple(_plain(arm, budget.epochs) for arm in arms)
    search = Search(plain, tuple(space), budget, seed)
    for known in searches(results):
        if (
            not known.ended
            and known.own
            and replace(search, key=known.key, created=known.created)
            == replace(known, trials=(), confirmed="", sentence="")
        ):
            return known
    now = time.time()
    return keep(results, replace(search, key=background.new_key(now), created=round(now, 3)))


def _plain(arm: RunSpec, epochs: int) -> RunSpec:
    return RunSpec.of(arm, seed=0, name="", epochs=epochs)


def check(arms: Sequence[RunSpec], space: Sequence[Dimension], budget: Budget, seed: int = 0) -> None:
    """Hold that a search can be asked, as `ask` says. Raises UserError."""
    check_budget(len(arms), budget, seed)
    spaces.same_names(space)
    for dimension in space:
        spaces.checked(dimension)
    if not 1 <= len(arms) <= MOST_ARMS:
        raise UserError(f"a search has between 1 and {MOST_ARMS} arms; given were {len(arms)}")
    for arm in arms:
        if arm.data.validation is None:
            raise UserError(
                f"a search chooses by the validation error, and {arm.title()} has no validation images; "
                "hold some out, such as validation=0.1"
            )
    _check_comparable(arms, space, budget)
    for place, arm in enumerate(arms):
        _check_buildable(arm, space, budget, f"arm {place + 1}: " if len(arms) > 1 else "")
    _check_effects(arms, space, budget)
    data = arms[0].data
    why = available(data.dataset, data.folder)
    if why and not downloads(data.dataset):
        raise UserError(why)


def _check_comparable(arms: Sequence[RunSpec], space: Sequence[Dimension], budget: Budget) -> None:
    """Hold that the arms see the same test and validation images, and that no two are the same."""
    tested = {(arm.data.dataset, arm.data.folder) for arm in arms}
    if len(tested) > 1:
        names = " and ".join(sorted({arm.data.dataset for arm in arms}))
        raise UserError(f"errors on different images cannot be compared ({names}); choose arms of one dataset")
    held_out = {(arm.data.validation, arm.data.validation_seed) for arm in arms}
    if len(held_out) > 1:
        raise UserError(
            "the arms hold different images out for validation, so their validation errors cannot be compared; "
            "give them one validation and one validation seed"
        )
    searched = {dimension.name: arms[0].flat().get(dimension.name) for dimension in space}
    alike: list[str] = []
    for place, arm in enumerate(arms):
        fingerprint = setting(arm, _plainly(arm, searched), budget.epochs).fingerprint()
        if fingerprint in alike:
            raise UserError(
                f"arms {alike.index(fingerprint) + 1} and {place + 1} are the same but for what is searched, seed, "
                "device and precision; choose two that differ in another option"
            )
        alike.append(fingerprint)


def _plainly(arm: RunSpec, searched: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options searched as the first arm has them; as this one has them where it cannot have those."""
    try:
        RunSpec.of(arm, **searched)
    except UserError:
        return {}
    return searched


def _check_buildable(arm: RunSpec, space: Sequence[Dimension], budget: Budget, called: str) -> None:
    """Hold that each choice, and some end of each range, gives a run."""
    setting(arm, {}, budget.epochs)
    for dimension in space:
        troubles = []
        for value in dimension.ends():
            try:
                setting(arm, {dimension.name: value}, budget.epochs)
            except UserError as error:
                troubles.append(str(error))
        if troubles and (dimension.choices or len(troubles) == 2):
            raise UserError(f"{called}{dimension.written()} cannot be searched: {troubles[0]}")


def _check_effects(arms: Sequence[RunSpec], space: Sequence[Dimension], budget: Budget) -> None:
    """Hold that each option changes something in some arm."""
    for dimension in space:
        if all(_without_effect(arm, dimension, budget) for arm in arms):
            raise UserError(
                f"{dimension.name} changes nothing in {' and '.join(a.title() for a in arms)}; leave it out"
            )


def _without_effect(arm: RunSpec, dimension: Dimension, budget: Budget) -> bool:
    """Whether runs with the ends of a range, or any of the choices, are the same run."""
    found = []
    for value in dimension.ends():
        with suppress(UserError):  # an end that gives no run tells nothing of those between
            found.append(setting(arm, {dimension.name: value}, budget.epochs).fingerprint())
    return len(found) > 1 and len({*found}) == 1
