"""Deleting a run moves it to results/trash, whole, and restoring moves it back."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from vitcore.errors import UserError
from vitcore.runs import queue, status
from vitcore.runs.folder import Results, checked, reason


def delete(results: Results, id: str) -> None:
    """Moves a run to the trash; a queued one is cancelled first.

    Raises:
        UserError: it is running, absent, or cannot be moved.
    """
    folder = results.run(id)
    state = status.now(folder)
    if state == "queued":
        queue.cancel(results, id)
    elif state == "running":
        raise UserError(f"run {id} is running; stop it before deleting it")
    _move(results, id, to_trash=True)


def restore(results: Results, id: str) -> None:
    """Moves a run back from the trash.

    Raises:
        UserError: it is not there, or cannot be moved.
    """
    if not (results.trash / checked(id)).is_dir():
        raise UserError(f"there is no deleted run {id!r}; {results.trash} holds {len(results.trashed())}")
    if (results.runs / id).exists():
        raise UserError(f"run {id} is stored already, so the deleted one of that name stays in {results.trash}")
    _move(results, id, to_trash=False)
    queue.ensure_dispatcher(results)  # others may have waited for it


def empty(results: Results, ids: Sequence[str]) -> int:
    """Deletes these runs from the trash for good; how many. One that was restored meanwhile stays.

    What is deleted leaves under a name that no run has, so that none is ever found in part; a link to a folder
    elsewhere goes, what it leads to stays.

    Raises:
        UserError: one cannot be deleted; those before it are gone.
    """
    gone = 0
    for id in ids:
        here = results.trash / checked(id)
        leaving = here.with_name(f".{id}.{secrets.token_hex(4)}")
        try:
            os.rename(here, leaving)
            if leaving.is_symlink():
                leaving.unlink()
            else:
                shutil.rmtree(leaving)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UserError(f"run {id} cannot be deleted from {results.trash}: {reason(error)}") from None
        gone += 1
    return gone


def _move(results: Results, id: str, *, to_trash: bool) -> None:
    here, there = results.runs / id, results.trash / id
    if not to_trash:
        here, there = there, here
    try:
        there.parent.mkdir(parents=True, exist_ok=True)
        move(here, there)
    except (OSError, shutil.Error) as error:
        raise UserError(f"run {id} cannot be moved to {there.parent}: {_text(error)}") from None


def move(here: Path, there: Path) -> None:
    """Renames a run's folder; onto another disk it is copied whole, then renamed, and only then taken away here.

    Killed in between, it lies in both places or in the first, never in neither; a draft that is left behind bears a
    name that no run has.

    Raises:
        OSError, shutil.Error: it could not be moved, and lies where it was.
    """
    try:
        os.rename(here, there)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    if os.path.lexists(there):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(there))
    draft = there.with_name(f".{there.name}.{secrets.token_hex(4)}")
    try:
        shutil.copytree(here, draft, symlinks=True, copy_function=_copy)
        _sync(draft)
        os.rename(draft, there)
        _sync(there.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    leaving = here.with_name(f".{here.name}.{secrets.token_hex(4)}")
    os.rename(here, leaving)  # from one moment to the next it is stored there alone
    shutil.rmtree(leaving, ignore_errors=True)


def _copy(source: str, target: str) -> str:
    """One file onto another disk, durable; what is no file (a pipe) cannot be copied and is no part of a run."""
    if not stat.S_ISREG(os.lstat(source).st_mode):
        return target
    shutil.copy2(source, target)
    _sync(Path(target))
    return target


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _text(error: OSError) -> str:
    """The first of what went wrong: a copied folder's error is a list of its files'."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return str(error.args[0][0][-1])
    return reason(error)
