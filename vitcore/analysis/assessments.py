"""What runs are to be evaluated for in the background: a small file in the run's folder, until it is done.

The file is the wish: whoever works (vitcore.analysis.assessor) takes the oldest one, and goes when there is none left.
Killed at any moment, the next one goes on where it was, for each result is written as it comes. Taking the file away
cancels. Files that another account has written start nothing.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vitcore import processes
from vitcore.errors import UserError
from vitcore.runs import locks, seal
from vitcore.runs.files import write_own
from vitcore.runs.folder import FORMAT, Results, RunFolder, read_json, reason, write_json

BEGINNING = 10.0
"""Seconds that a worker may take until it holds its lock; so long this process starts no second one."""

_PATIENCE = 10.0  # seconds that one writer waits for another
State = Literal["", "waiting", "running", "failed"]
_begun: dict[Path, float] = {}


@dataclass(frozen=True)
class Wish:
    """One run to be evaluated.

    Attributes:
        kind: which evaluation, a key of assessor.KINDS.
        options: what else it is told.
        asked: when, in unix seconds.
        failed: why it could not be done; empty: it is yet to be done.
        own: whether this account has asked for it; nothing else is done.
    """

    run: RunFolder
    kind: str
    options: Mapping[str, Any]
    asked: float
    failed: str
    own: bool


def ask(results: Results, run: RunFolder, kind: str, options: Mapping[str, Any] | None = None) -> None:
    """Write the wish down; one of the same kind is replaced. `ensure` sees that somebody works on it.

    Raises:
        UserError: the run has no weights, or its folder cannot be written.
    """
    if not run.checkpoint.is_file():
        raise UserError(
            f"run {run.id} has no weights to evaluate; they are there once its first epoch is over, and never where "
            "that one diverged"
        )
    asked = {"run": run.id, "kind": kind, "options": dict(options or {})}
    with _alone(run):
        write_json(
            _path(run, kind), {"v": FORMAT, "asked": round(time.time(), 3), "wish": asked, seal.FIELD: seal.of(asked)}
        )


def cancel(run: RunFolder, kind: str) -> None:
    """Take the wish back; what has been evaluated so far stays.

    Raises:
        UserError: it cannot be taken away.
    """
    with _alone(run):
        _path(run, kind).unlink(missing_ok=True)


def finish(run: RunFolder, kind: str, asked: float, failed: str = "") -> None:
    """A wish was done, or could not be: nothing where it was taken back meanwhile, or another stands in its place.

    Args:
        asked: when the wish was asked that was worked on.
        failed: why it could not be done.

    Raises:
        UserError: that cannot be written down.
    """
    with _alone(run):
        content = read_json(_path(run, kind)) or {}
        if content.get("asked") != asked:
            return
        if failed:
            write_json(_path(run, kind), {**content, "failed": failed})
        else:
            _path(run, kind).unlink(missing_ok=True)


def wished(run: RunFolder, kind: str) -> Wish | None:
    """The wish as it stands; None where there is none."""
    content = read_json(_path(run, kind))
    if not content:
        return None
    found = content.get("wish")
    wish = found if isinstance(found, dict) else {}
    options, asked, failed = wish.get("options"), content.get("asked"), content.get("failed")
    own = wish.get("run") == run.id and wish.get("kind") == kind and seal.fits(wish, content.get(seal.FIELD))
    return Wish(
        run,
        kind,
        options if isinstance(options, dict) else {},
        float(asked) if isinstance(asked, int | float) else math.inf,
        failed if isinstance(failed, str) else "",
        own,
    )


def state(run: RunFolder, kind: str) -> State:
    """Whether a run waits to be evaluated, is being evaluated, or could not be; empty: nothing was asked."""
    wish = wished(run, kind)
    if wish is None or not wish.own:
        return ""
    if wish.failed:
        return "failed"
    return "running" if locks.is_locked(working_path(run, kind)) else "waiting"


def waiting(results: Results, kinds: Mapping[str, object]) -> list[Wish]:
    """Every wish of these kinds that this account has and that is yet to be done, the oldest first."""
    return sorted(_every(results, kinds), key=lambda wish: wish.asked)


def _every(results: Results, kinds: Mapping[str, object]) -> Iterator[Wish]:
    for id in results.ids():
        run = RunFolder(results.runs / id)
        for kind in kinds:
            wish = wished(run, kind) if _path(run, kind).is_file() else None
            if wish is not None and wish.own and not wish.failed:
                yield wish


def ensure(results: Results) -> None:
    """Starts a worker where none is; it leaves by itself where there is nothing to do.

    Raises:
        UserError: none can be started.
    """
    path = lock_path(results)
    if locks.is_locked(path) or time.monotonic() < _begun.get(path, -math.inf) + BEGINNING:
        return
    _begun[path] = time.monotonic()
    try:
        results.locks.mkdir(parents=True, exist_ok=True)
        with os.fdopen(write_own(results.locks / "assessor.log", os.O_WRONLY | os.O_APPEND), "ab") as log:
            arguments = ["--results", str(results.root)]
            processes.forget(processes.start("vitcore.analysis.assessor", arguments, log, detached=True))
    except OSError as error:
        raise UserError(f"nobody can be started to evaluate the runs: {reason(error)}") from None


def lock_path(results: Results) -> Path:
    """Held by the worker of a results folder for its life."""
    return results.locks / "assessor.lock"


def working_path(run: RunFolder, kind: str) -> Path:
    """Held by the worker while it evaluates this run."""
    return run.path / f"assess-{kind}.lock"


def _path(run: RunFolder, kind: str) -> Path:
    return run.path / f"assess-{kind}.json"


def _alone(run: RunFolder) -> AbstractContextManager[None]:
    """While nobody else changes what this run is to be evaluated for: what was taken back does not come back."""
    what = f"what run {run.id} is to be evaluated for"
    busy = f"another process changes {what}; try again"
    return locks.turn(run.path / ".assess.lock", busy, f"{what} cannot be changed here", _PATIENCE)
