"""Which runs a mean may be taken over and which may be compared; and a sentence about the others.

A mean is over runs that were trained here to their end and did not diverge. Runs are compared that saw one set of data
and were evaluated on one; their times, where machine, device, precision and software are one as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

SQL_ALL = "(origin IS NULL OR fingerprint IS NOT NULL)"
"""The same as not `without_spec`, of the summary's columns."""

SQL = f"status = 'finished' AND epochs_done > 0 AND checkpoint_digest IS NULL AND {SQL_ALL}"
"""The same as `counts`, of the summary's columns."""

NAMED = 4  # runs of a kind that a sentence names, and how many more

EVALUATION: Mapping[str, str] = {"data_digest": "other data", "test_samples": "another test set"}
"""Columns in which runs must be one for their results to be compared, and what the others are called."""
TIMING: Mapping[str, str] = {
    "machine": "another machine",
    "cpu": "another machine",
    "threads": "another number of threads",
    "device_used": "another device",
    "precision_used": "another precision",
    "torch": "another version of torch",
    "timm_version": "another version of timm",
    "vitcore_version": "another version of vitcore",
}
"""And, besides, for their times."""


def kinds(runs: pd.DataFrame) -> pd.Series:
    """A run's status; `imported` where its weights came from elsewhere, which no seed and no training of ours made, and
    `trained elsewhere` where another program's run came without its spec."""
    if "status" not in runs:  # a frame made by hand: nothing speaks against them
        return pd.Series("finished", index=runs.index, dtype=object)
    status = runs["status"].astype(object)
    elsewhere = (from_checkpoint(runs) & runs["status"].eq("finished")).to_numpy(dtype=bool)
    return status.mask(elsewhere, "imported").mask(without_spec(runs), "trained elsewhere")


def trained_elsewhere(runs: pd.DataFrame) -> pd.Series:
    """Whether another program has trained each run: there are no weights to go on from, and its times are not ours."""
    return runs["origin"].notna() if "origin" in runs else pd.Series(False, index=runs.index)


def without_spec(runs: pd.DataFrame) -> pd.Series:
    """Whether each run is another program's and its spec is not known, so that it is no seed of any setting."""
    if "fingerprint" not in runs:
        return trained_elsewhere(runs)
    return trained_elsewhere(runs) & runs["fingerprint"].isna()


def from_checkpoint(runs: pd.DataFrame) -> pd.Series:
    """Whether each run's weights were trained elsewhere: no seed, no best, no time of ours."""
    # Earlier versions told of an import by its epochs alone.
    marked = runs["checkpoint_digest"].notna() if "checkpoint_digest" in runs else pd.Series(False, index=runs.index)
    if "epochs_done" not in runs or "status" not in runs:
        return marked
    untrained = pd.to_numeric(runs["epochs_done"], errors="coerce").fillna(1).eq(0)
    return marked | (untrained & runs["status"].eq("finished"))


def counts(runs: pd.DataFrame) -> pd.Series:
    """Whether each run is one of those a mean is taken over."""
    return kinds(runs).eq("finished")


def commonest(runs: pd.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """What most of these runs have in each of these columns, column after column among those that have the one before.

    A column that no run has a value in is not named: runs of earlier versions did not record everything.
    """
    found: dict[str, Any] = {}
    for name in columns:
        known = runs[name].dropna() if name in runs else pd.Series(dtype=object)
        if len(known):
            numbers = known.value_counts()
            found[name] = min((value for value, many in numbers.items() if many == numbers.max()), key=str)
            runs = runs[runs[name].isna() | runs[name].eq(found[name])]
    return found


def comparable(runs: pd.DataFrame, item: Mapping[str, Any], names: Mapping[str, str]) -> pd.Series:
    """For each run why it cannot be compared with the others, empty where it can.

    Args:
        one: what they must have in common, as `commonest` gives it; what a run did not record speaks not against it.
        names: what a run is called that has something else: EVALUATION, TIMING.
    """
    why = pd.Series("", index=runs.index, dtype=object)
    for column, value in item.items():
        if column in runs and column in names:
            other = runs[column].notna() & runs[column].ne(value) & why.eq("")
            why = why.mask(other, names[column])
    return why


def pooled(runs: pd.DataFrame, *, everything: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Runs that are put together, and those left out; `everything`: none is but another program's without a spec."""
    wanted = ~without_spec(runs) if everything else counts(runs)
    return runs[wanted], runs[~wanted]


def left_out(runs: pd.DataFrame) -> str:
    """One sentence about those that were left out of the means, by kind and name; empty where there are none."""
    if runs.empty:
        return ""
    left_out = []
    for kind, subset in runs.groupby(kinds(runs), sort=True):
        names = [f"{title} · {id[-4:]}" for title, id in zip(subset["title"].head(NAMED), subset["id"], strict=False)]
        more = [f"{len(subset) - NAMED:,} more"] if len(subset) > NAMED else []
        left_out.append(f"{len(subset):,} {kind} ({', '.join([*names, *more])})")
    return f"Not in the means: {'; '.join(left_out)}."
