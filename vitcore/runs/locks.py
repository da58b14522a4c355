"""Signs of life: a process holds a lock on a file, and the system lets go of it however the process ends."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vitcore.errors import UserError

POLL_SECONDS = 0.02
PATIENCE = 10.0  # seconds that one who changes something waits for another


def lock(path: Path) -> FileLock:
    """An exclusive lock; the file stays behind when it is released."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, poll_interval=POLL_SECONDS, thread_local=False, fallback_to_soft=False)


@contextmanager
def turn(path: Path, busy: str, failed: str, patience: float = PATIENCE) -> Iterator[None]:
    """For whoever changes what others change too: they wait for each other, so that none undoes what another has done.

    Args:
        busy: what is said where another does not let go.
        failed: what is said, before the system's reason, where it lets nobody lock or write there.

    Raises:
        UserError: one of the two.
    """
    try:
        with lock(path).acquire(timeout=patience):
            yield
    except Timeout:
        raise UserError(busy) from None
    except OSError as error:
        raise UserError(f"{failed}: {error.strerror or error}") from None


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock; False where that cannot be asked, as `trouble` tells.

    Asked with a shared lock where there is one: those who ask do not see each other, and a read-only folder will do.
    """
    if sys.platform == "win32":
        try:
            with FileLock(path, preserve_lock_file=True).acquire(timeout=0.1, poll_interval=POLL_SECONDS):
                return False
        except Timeout:
            return True
    try:
        return _asked(path)
    except OSError:
        return False


def trouble(path: Path) -> str | None:
    """Why the lock cannot be asked for a sign of life; None where it can, or there is none."""
    if sys.platform == "win32":
        return None
    try:
        _asked(path)
    except OSError as error:
        return f"{path.name} cannot tell whether its worker lives: {error.strerror or error}"
    return None


def _asked(path: Path) -> bool:
    """Raises OSError where the file may not be read, is none, or its file system has no locks."""
    import fcntl

    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a named pipe of that name would keep us for ever
    except FileNotFoundError:
        return False
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError("it is no regular file")
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
