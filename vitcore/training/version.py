"""Which vitcore trains: its version, and of a clone the commit, for the record of a run."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

from vitcore import __version__
from vitcore.events import Software

ROOT = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=1)
def version() -> Software:
    """`version`, and `commit`: twelve hexadecimal digits, a + where files differ from it; None where it is no clone.

    An installed package has none, also where the environment lies in another project's repository.
    """
    return Software(version=__version__, commit=_commit(ROOT))


def _commit(root: Path) -> str | None:
    if not ((root / ".git").exists() and (root / "pyproject.toml").is_file()):
        return None
    try:
        commit = _git(root, "rev-parse", "--short=12", "HEAD").strip()
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", "vitcore").strip()
    except (OSError, subprocess.SubprocessError):  # no git here, or it does not answer
        return None
    return f"{commit}+" if changed else commit


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout
