"""Which runs a mean may be taken over: those that were trained here to their end; and a sentence about the others."""

from __future__ import annotations

import pandas as pd

SQL = "status = 'finished' AND epochs_done > 0 AND checkpoint_digest IS NULL"
"""The same as `counts`, of the summary's columns."""

NAMED = 4  # runs of a kind that a sentence names, and how many more


def kinds(runs: pd.DataFrame) -> pd.Series:
    """A run's status; `imported` where its weights came from elsewhere, which no seed and no training of ours made."""
    if "status" not in runs:  # a frame made by hand: nothing speaks against them
        return pd.Series("finished", index=runs.index, dtype=object)
    status = runs["status"].astype(object)
    elsewhere = (imported(runs) & runs["status"].eq("finished")).to_numpy(dtype=bool)
    return status.mask(elsewhere, "imported")


def imported(runs: pd.DataFrame) -> pd.Series:
    """Whether each run's weights were trained elsewhere: no seed, no best, no time of ours."""
    # Earlier versions told of an import by its epochs alone.
    told = runs["checkpoint_digest"].notna() if "checkpoint_digest" in runs else pd.Series(False, index=runs.index)
    if "epochs_done" not in runs or "status" not in runs:
        return told
    untrained = pd.to_numeric(runs["epochs_done"], errors="coerce").fillna(1).eq(0)
    return told | (untrained & runs["status"].eq("finished"))


def counts(runs: pd.DataFrame) -> pd.Series:
    """Whether each run is one of those a mean is taken over."""
    return kinds(runs).eq("finished")


def pooled(runs: pd.DataFrame, *, everything: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Runs that are put together, and those left out; `everything`: none is."""
    wanted = pd.Series(True, index=runs.index) if everything else counts(runs)
    return runs[wanted], runs[~wanted]


def left_out(runs: pd.DataFrame) -> str:
    """One sentence about those that were left out of the means, by kind and name; empty where there are none."""
    if runs.empty:
        return ""
    told = []
    for kind, some in runs.groupby(kinds(runs), sort=True):
        names = [f"{title} · {id[-4:]}" for title, id in zip(some["title"].head(NAMED), some["id"], strict=False)]
        more = [f"{len(some) - NAMED:,} more"] if len(some) > NAMED else []
        told.append(f"{len(some):,} {kind} ({', '.join([*names, *more])})")
    return f"Not in the means: {'; '.join(told)}."
