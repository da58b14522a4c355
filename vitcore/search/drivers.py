"""Sees that somebody works on open searches; apart from what decides them, which brings scipy."""

from __future__ import annotations

from vitcore.runs import background
from vitcore.runs.folder import Results
from vitcore.search import plan


def ensure(results: Results) -> None:
    """Starts a driver for every open search of this account that has none. Idempotent; cheap where all is well.

    Raises:
        UserError: one cannot be started.
    """
    background.ensure(results, plan.KIND, [search.key for search in plan.searches(results) if search.worked_on])
