"""The mark of a run that an engine beyond this process has: <run>/placed.json, from its submission until it is settled.

By it whoever comes after a dispatcher that died knows which runs to ask the engine about. It counts for the account
that made it alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from vitcore.errors import UserError
from vitcore.runs import seal
from vitcore.runs.folder import FORMAT, Results, RunFolder, read_json, write_json


def write(folder: RunFolder, engine: str, job: str = "", processes: int | None = None) -> None:
    """An engine has the run, as this job where it has numbers for them, with the processes asked for."""
    content = {"v": FORMAT, "engine": engine, "job": job, seal.FIELD: seal.of(folder.raw_spec())}
    content |= {"processes": processes} if processes else {}
    write_json(folder.placed, content)


def read(folder: RunFolder) -> dict[str, Any] | None:
    """What the mark says; None where there is none of this account."""
    if not os.path.lexists(folder.placed):
        return None
    found = read_json(folder.placed)
    return found if found and seal.is_own(folder, found) else None


def clear(folder: RunFolder) -> None:
    """The engine has it no more; a folder that is gone, or may not be written, is nobody's loss."""
    try:
        folder.placed.unlink(missing_ok=True)
    except OSError:
        return


def of(results: Results, engine: str) -> Iterator[str]:
    """The runs that an engine has."""
    for id in results.ids():
        folder = RunFolder(results.runs / id)
        try:
            found = read(folder)
        except UserError:
            continue
        if found and found.get("engine") == engine:
            yield id
