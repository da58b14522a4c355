"""A search as tables: its trials, and what the best of so many is expected to reach."""

from __future__ import annotations

import pandas as pd

from vitcore.search import courses
from vitcore.search.plan import Search
from vitcore.search.sentences import names
from vitcore.search.standing import Standing


def trials(search: Search, stands: Standing) -> pd.DataFrame:
    """A row a trial: `arm`, `repeat`, `trial`, the values drawn, `val_error` (percent, the mean over its seeds),
    `ended`, `epochs` (trained by all its runs), `runs` (ids)."""
    called = names(search)
    rows = [
        {
            "arm": called[each.trial.arm],
            "repeat": each.trial.repeat + 1,
            "trial": each.trial.number + 1,
            **each.trial.values,
            "val_error": each.error,
            "ended": each.ended,
            "epochs": each.epochs,
            "runs": " ".join(each.runs),
        }
        for each in stands.outcomes
    ]
    return pd.DataFrame(rows)


def expected(search: Search, stands: Standing) -> pd.DataFrame:
    """A row an arm and budget: `arm`, `trials`, `expected` best validation error in percent, `low`, `high`."""
    rows = []
    for arm, called in enumerate(names(search)):
        found = courses.course(search, stands, arm)
        for budget, values in enumerate(zip(found.center, found.low, found.high, strict=True), start=1):
            rows.append((called, budget, *map(float, values)))
    return pd.DataFrame(rows, columns=["arm", "trials", "expected", "low", "high"])
