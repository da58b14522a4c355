"""A cell's stored seed trained again: equal bit for bit, equal within rounding, or different, and since when.

What is compared is all that is kept of the first run: every epoch's losses and scores, to the eight digits that
journals have; where the run is stored here, its weights and its answers to each test image too. Of a run that is kept
with the project the epochs alone are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from vitcore.errors import UserError
from vitcore.published.chains import takes
from vitcore.published.tables import Table
from vitcore.reproduction.cell_runs import averaged, cell_specs, matching
from vitcore.reproduction.evidence import stored_epochs
from vitcore.runs import predictions, queue
from vitcore.runs.files import read_own
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec
from vitcore.store import pooling, queries
from vitcore.store.index import Index

NUMBERS = (
    "train_loss",
    "test_loss",
    "accuracy",
    "error_percent",
    "f1",
    "val_loss",
    "val_accuracy",
    "val_error",
    "val_f1",
)
"""What of an epoch is the same wherever and whenever it is computed; seconds are not."""

SINCE = {
    "data_digest": "data digest", "vitcore_version": "vitcore", "vitcore_commit": "vitcore's commit", "torch": "torch",
    "timm_version": "timm", "cpu": "CPU", "cores": "cores", "threads": "threads", "device_used": "device",
    "precision_used": "precision", "system": "operating system",
}  # fmt: skip
"""Columns of a run's row that say of which data, version and machine it is, and what a person calls them."""

LOSS, IMAGES = 1e-3, 1e-3
"""Equal within rounding: no loss further off than this part of it, no score further than this part of the images."""

Outcome = Literal["equal bit for bit", "equal within rounding", "different"]


@dataclass(frozen=True)
class Record:
    """What is known of one run.

    Attributes:
        id: the run's.
        facts: of SINCE those that are known.
        epochs: NUMBERS by epoch.
        weights: tensors' bytes by name; None where none are kept.
        answers: to each test image after the last evaluation; None where none are kept.
    """

    id: str
    facts: Mapping[str, Any]
    epochs: pd.DataFrame
    weights: Mapping[str, bytes] | None = None
    answers: np.ndarray | None = None


@dataclass(frozen=True)
class Verified:
    """What a second run of a spec and seed says of the first.

    Attributes:
        outcome: in the words of the command.
        compared: what was, in words.
        apart: the numbers that differ most, in sentences; none where all are equal.
        since: what is recorded and another now, in words.
    """

    outcome: Outcome
    compared: str
    apart: list[str] = field(default_factory=list)
    since: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The whole of it."""
        parts = [f"{self.outcome}: {self.compared}.", *self.apart]
        if self.outcome != "equal bit for bit" or self.since:
            changed = "; ".join(self.since) or "nothing that is recorded: same data, version and machine"
            parts.append(f"Other than then: {changed}.")
        return " ".join(parts)


def cells(
    table: Table, protocol: str, runs: pd.DataFrame, wanted: str = ""
) -> list[tuple[str, RunSpec, dict[str, Any]]]:
    """The row's name, spec and first seed's run of every row that has a finished run, or of the cell that is named.

    Args:
        runs: stored ones and those kept with the project.
        wanted: ROW or ROW:COLUMN; empty: every row.

    Raises:
        UserError: there is no such cell, it has no run yet, or it cannot be run.
    """
    specs = cell_specs(table, protocol)
    row, _, column = wanted.partition(":")
    named = {key: item for key, item in specs.items() if key[0] == row and column in ("", key[1])} if wanted else specs
    if not named:
        raise UserError(
            f"there is no cell {wanted!r} in {table.key}; its rows are {', '.join(each.key for each in table.rows)}"
        )
    found: dict[RunSpec, tuple[str, RunSpec, dict[str, Any]]] = {}
    for (name, _), (spec, _why) in named.items():
        here = runs[~pooling.trained_elsewhere(runs)]
        own = averaged(matching(spec, here)) if spec is not None else runs.head(0)
        if spec is not None and len(own):
            first = {str(key): value for key, value in own.iloc[0].items()}
            found.setdefault(spec, (name, _as_then(spec, first), first))
    if not found:
        why = next((why for _, why in named.values() if why), "")
        raise UserError(
            f"no run of {wanted or table.key} is stored or kept, so there is nothing to verify"
            + (f": {why}" if why else "")
        )
    return list(found.values())


def _as_then(spec: RunSpec, first: Mapping[str, Any]) -> RunSpec:
    """The spec with the run's seed, and the precision that `auto` came to then, whatever it would come to here."""
    precision = first.get("precision_used")
    known = {"precision": precision} if precision in ("float32", "bfloat16") else {}
    return RunSpec.of(spec, seed=int(first["seed"]), **known)


def again(results: Results) -> Results:
    """Where the second runs are trained: a results folder of its own, so that no seed counts twice."""
    return Results(results.root / "verified")


def start(results: Results, spec: RunSpec) -> str:
    """Queues the second run; its id. Raises UserError, such as where it takes the weights of another run."""
    if takes(spec) or spec.training.teacher or spec.init.init_from:
        raise UserError(
            "this cell's runs begin with another run's weights, and verifying whole chains is not possible yet"
        )
    place = again(results)
    id = queue.enqueue(place, spec)
    queue.ensure_dispatcher(place)
    return id


def stored(index: Index, id: str) -> Record:
    """All that a results folder holds of a run. Raises UserError where it has no such run."""
    run = index.results.run(id)
    runs = queries.runs(index)
    facts: dict[Any, Any] = next(iter(runs[runs["id"] == id].to_dict("records")), {})
    return Record(id, _facts(facts), _numbers(queries.epochs(index, [id])), _weights(run), _answers(run))


def as_published(row: Mapping[str, Any]) -> Record:
    """All that the project keeps of one of its runs, by its row."""
    return Record(str(row["id"]), _facts(row), _numbers(stored_epochs([str(row["id"])])))


def compare(then: Record, now: Record) -> Verified:
    """The verdict; what the first run has not kept is not compared, and said so.

    Raises:
        UserError: the second run did not come as far as the first.
    """
    columns = [name for name in NUMBERS if name in then.epochs and then.epochs[name].notna().any()]
    missing = set(then.epochs.index) - set(now.epochs.index)
    if missing or not columns or then.epochs.empty:
        raise UserError(f"the second run told {len(now.epochs)} of {len(then.epochs)} epochs; see its log in {now.id}")
    first = then.epochs[columns].astype(float)
    second = now.epochs.reindex(index=first.index, columns=columns).astype(float)
    equal = (first == second) | (first.isna() & second.isna())
    weights = _same_weights(then, now)
    outcome: Outcome = "different"
    if bool(equal.all(axis=None)) and weights is not False:
        outcome = "equal bit for bit"
    elif _close(first, second):
        outcome = "equal within rounding"
    evidence = f"{int(equal.sum().sum())} of {equal.size} numbers of {len(first)} epochs are the same"
    evidence += {True: ", and all weights", False: ", but weights are not", None: "; weights were not kept"}[weights]
    return Verified(outcome, evidence, _apart(first, second, equal, then, now), _since(then.facts, now.facts))


def _close(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    for name in first:
        off = (first[name] - second[name]).abs()
        scale = {"error_percent": 100.0, "val_error": 100.0}.get(str(name), 1.0)
        limit = LOSS * first[name].abs() if "loss" in str(name) else IMAGES * scale + 1e-9
        if not bool(((off <= limit) | (first[name].isna() & second[name].isna())).all()):
            return False
    return True


def _apart(first: pd.DataFrame, second: pd.DataFrame, equal: pd.DataFrame, then: Record, now: Record) -> list[str]:
    """The first number that differs, the last test error, and on how many images the answers differ."""
    if bool(equal.all(axis=None)):
        return []
    row = int(np.flatnonzero(~equal.to_numpy().all(axis=1))[0])
    column = int(np.flatnonzero(~equal.to_numpy()[row])[0])
    before, after = first.to_numpy()[row, column], second.to_numpy()[row, column]
    where = f"{first.columns[column]} of epoch {first.index[row]}"
    sentences = [f"First apart: {where}, {before:.8g} then and {after:.8g} now."]
    if "error_percent" in first and first["error_percent"].notna().any():
        last = int(np.flatnonzero(first["error_percent"].notna().to_numpy())[-1])
        before, after = (each["error_percent"].to_numpy()[last] for each in (first, second))
        sentences.append(f"Test error after epoch {first.index[last]}: {before:.2f} % then, {after:.2f} % now.")
    if then.answers is not None and now.answers is not None and then.answers.shape == now.answers.shape:
        many = int((then.answers != now.answers).sum())
        sentences.append(f"{many:,} of {len(then.answers):,} test images are answered otherwise.")
    return sentences


def _since(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    for name, label in SINCE.items():
        before, after = then.get(name), now.get(name)
        if after is not None and before != after:
            found.append(f"{label} {before if before is not None else 'not recorded'}, now {after}")
    return found


def _same_weights(then: Record, now: Record) -> bool | None:
    if then.weights is None or now.weights is None:
        return None
    return then.weights == now.weights


def _numbers(epochs: pd.DataFrame) -> pd.DataFrame:
    if epochs.empty:
        return pd.DataFrame()
    return epochs.set_index("epoch")[[name for name in NUMBERS if name in epochs]]


def _facts(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Whole numbers as such: a column with an empty cell has made floats of them."""
    found: dict[str, Any] = {}
    for name in SINCE:
        value = row.get(name)
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            continue
        value = value.item() if isinstance(value, np.generic) else value
        found[name] = int(value) if isinstance(value, float) and value.is_integer() else value
    return found


def _weights(run: RunFolder) -> dict[str, bytes] | None:
    from safetensors import SafetensorError, deserialize

    try:
        found = deserialize(read_own(run.checkpoint))  # type: ignore[no-untyped-call]
        return {name: bytes(parts["data"]) for name, parts in found}
    except (OSError, UserError, SafetensorError):
        return None


def _answers(run: RunFolder) -> np.ndarray | None:
    try:
        found = predictions.read(run)
    except UserError:
        return None
    return found.of(found.epochs[-1])
