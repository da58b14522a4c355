"""From the steps of another program to epochs: which step ends which epoch, and what was told of each."""

from __future__ import annotations

import math
from collections.abc import Mapping

from vitcore.errors import UserError
from vitcore.runs import metrics
from vitcore.runs.fold import MOST_EPOCHS
from vitcore.runs.importing import names
from vitcore.runs.importing.foreign import ForeignRun, listed

Epochs = dict[int, dict[str, float]]
"""The metrics of each epoch by our names."""


def understood(run: ForeignRun, given: Mapping[str, str]) -> tuple[Epochs, dict[int, float], list[str]]:
    """A run's epochs, the time of each as far as it is known, and sentences about what was left out or read otherwise.

    Args:
        given: our names of metrics by theirs, where a person has said so.
    """
    naming = names.Naming(run.metrics, given)
    sentences = list(naming.sentences)
    columns: dict[str, dict[int, float]] = {}
    for name, own in naming.taken.items():
        values, sentence = names.scaled(name, own, run.metrics[name])
        sentences += [sentence] if sentence else []
        if values:
            columns[own] = values
    if not columns:
        return {}, {}, sentences
    ends, sentence = _ends(run, columns)
    sentences += [sentence] if sentence else []
    found, dropped = _gathered(columns, ends)
    sentences += [f"Left out: {listed([why])}" for why in dropped[:3]]
    return found, {ends[step]: at for step, at in run.times.items() if step in ends}, sentences


def _ends(run: ForeignRun, columns: Mapping[str, Mapping[int, float]]) -> tuple[dict[int, int], str]:
    """The epoch that each step ends: as the run's own metric `epoch` has it, else as its evaluations count."""
    evaluated = {step for own, values in columns.items() if own.startswith("val_") for step in values}
    evaluated = evaluated or {step for own in ("error_percent", "accuracy") for step in columns.get(own, ())}
    steps = sorted(evaluated or {step for values in columns.values() for step in values})
    numbered = next((values for name, values in run.metrics.items() if name.lower() == "epoch"), {})
    by_epoch = _by_number(steps, numbered)
    if by_epoch is not None:
        return by_epoch, ""
    if run.final:
        return dict.fromkeys(steps, 0), ""
    if steps[-1] <= MOST_EPOCHS - (steps[0] == 0) and (steps[0] > 0 or len(steps) == steps[-1] + 1):
        if steps[0] in (0, 1) and len(steps) == steps[-1] - steps[0] + 1:
            return {step: step + (steps[0] == 0) for step in steps}, ""
        if len(steps) == 1 or _named_by_epochs(run):
            return {step: step for step in steps}, ""
    if len(steps) > MOST_EPOCHS:
        raise UserError(
            f"{listed([run.name])} has {len(steps):,} steps with metrics, and a run has at most {MOST_EPOCHS:,} "
            "epochs; log its evaluations alone"
        )
    sentence = (
        f"Steps {steps[0]:,} to {steps[-1]:,} are counted as epochs 1 to {len(steps):,}: they are no epochs' numbers."
    )
    return {step: number for number, step in enumerate(steps, 1)}, sentence


def _named_by_epochs(run: ForeignRun) -> bool:
    """Whether the steps were called epochs where they were told: in a table."""
    return run.source.startswith("csv:")


def _by_number(steps: list[int], numbered: Mapping[int, float]) -> dict[int, int] | None:
    """The epochs from 1 on by what the run itself has told at these steps; None where it has not told of each."""
    values = [numbered.get(step, math.nan) for step in steps]
    if not values or not all(value.is_integer() for value in values):
        return None
    first = 1 - int(min(values)) if min(values) < 1 else 0
    found = {step: int(value) + first for step, value in zip(steps, values, strict=True)}
    whole = list(found.values())
    return found if min(whole) >= 1 and max(whole) <= MOST_EPOCHS and whole == sorted(whole) else None


def _gathered(columns: Mapping[str, Mapping[int, float]], ends: Mapping[int, int]) -> tuple[Epochs, list[str]]:
    """Each epoch's metrics: what was told last up to the step that ends it, after the one that ended the one before."""
    raw: Epochs = {epoch: {} for epoch in sorted(set(ends.values()))}
    steps = sorted(ends)
    for own, column in columns.items():
        place = 0
        for step in sorted(column):
            while place < len(steps) and steps[place] < step:
                place += 1
            if place < len(steps):  # what comes after the last evaluation belongs to an epoch that is not over
                raw[ends[steps[place]]][own] = column[step]
    found: Epochs = {}
    dropped: list[str] = []
    for epoch, values in raw.items():
        try:
            found[epoch] = metrics.checked(values)
        except UserError as error:
            dropped.append(f"epoch {epoch}, in which {error}.")
    return found, dropped
