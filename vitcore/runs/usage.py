"""How much room a results folder takes, and what of it nobody needs any more."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vitcore.errors import UserError
from vitcore.runs import status
from vitcore.runs.folder import Results, checked, reason


@dataclass(frozen=True)
class Usage:
    """Bytes that lie in a results folder.

    Attributes:
        resume: of the runs', what finished ones would need to go on, which they never do.
        trashed: deleted runs that can be restored.
    """

    runs: int
    resume: int
    trash: int
    trashed: int
    other: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.runs + self.trash + self.other


def usage(results: Results, finished: Iterable[str]) -> Usage:
    """What lies there now; links are not followed, so that another disk counts for nothing.

    Args:
        finished: ids of the runs that are.
    """
    runs, trash = (sum(_sizes(path)) for path in (results.runs, results.trash))
    other = sum(_sizes(results.root, without={results.runs.name, results.trash.name}))
    resume = sum(_size(results.runs / checked(id) / "resume.pt") for id in finished)
    return Usage(runs, resume, trash, len(results.trashed()), other)


def drop_resume_files(results: Results, finished: Iterable[str]) -> int:
    """Deletes what finished runs would need to go on; bytes that are free now. A run that is not finished keeps it.

    Raises:
        UserError: one cannot be deleted.
    """
    freed = 0
    for id in finished:
        folder = results.run(id)
        if status.now(folder) != "finished":
            continue
        size = _size(folder.resume_point)
        try:
            folder.resume_point.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(f"the resume file of run {id} cannot be deleted: {reason(error)}") from None
        freed += size
    return freed


def _sizes(top: Path, without: Collection[str] = ()) -> Iterator[int]:
    """Of every file below a folder but in those of its entries; what cannot be looked at counts for nothing."""
    folders = [] if top.is_symlink() else [str(top)]
    while folders:
        folder = folders.pop()
        try:
            entries = [entry for entry in os.scandir(folder) if folder != str(top) or entry.name not in without]
        except OSError:
            continue
        for entry in entries:
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry.stat(follow_symlinks=False).st_size


def _size(path: Path) -> int:
    try:
        found = os.lstat(path)
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
