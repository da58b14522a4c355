"""Deleting a run moves it to results/trash, whole, and restoring moves it back."""

from __future__ import annotations

import os

from vitcore.errors import Refusal
from vitcore.runs import queue, status
from vitcore.runs.folder import Results, checked, reason


def delete(results: Results, id: str) -> None:
    """Moves a run to the trash; a queued one is cancelled first.

    Raises:
        Refusal: it is running, absent, or cannot be moved.
    """
    folder = results.run(id)
    state = status.now(folder)
    if state == "queued":
        queue.cancel(results, id)
    elif state == "running":
        raise Refusal(f"run {id} is running; stop it before deleting it")
    _move(results, id, to_trash=True)


def restore(results: Results, id: str) -> None:
    """Moves a run back from the trash.

    Raises:
        Refusal: it is not there, or cannot be moved.
    """
    if not (results.trash / checked(id)).is_dir():
        raise Refusal(f"there is no deleted run {id!r}; {results.trash} holds {len(results.trashed())}")
    if (results.runs / id).exists():
        raise Refusal(f"run {id} is stored already, so the deleted one of that name stays in {results.trash}")
    _move(results, id, to_trash=False)


def _move(results: Results, id: str, *, to_trash: bool) -> None:
    here, there = results.runs / id, results.trash / id
    if not to_trash:
        here, there = there, here
    try:
        there.parent.mkdir(parents=True, exist_ok=True)
        os.rename(here, there)
    except OSError as error:
        raise Refusal(f"run {id} cannot be moved to {there.parent}: {reason(error)}") from None
