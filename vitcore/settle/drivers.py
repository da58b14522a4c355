"""Sees that somebody works on open questions; apart from what decides them, which brings scipy."""

from __future__ import annotations

from vitcore.runs import background
from vitcore.runs.folder import Results
from vitcore.settle import question as asked


def ensure(results: Results) -> None:
    """Starts a driver for every open question of this account that has none. Idempotent; cheap where all is well.

    Raises:
        UserError: one cannot be started.
    """
    open_keys = [question.key for question in asked.questions(results) if question.worked_on]
    background.ensure(results, asked.KIND, open_keys)
