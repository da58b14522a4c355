"""Where images lie on this machine, and where their decoded copies are kept."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def user_cache() -> Path:
    """This person's cache folder for vitcore, by the custom of the system."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "vitcore"


def user_state() -> Path:
    """This person's folder for what vitcore must remember between two starts, by the custom of the system."""
    if sys.platform in ("win32", "darwin"):
        return user_cache()
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "vitcore"


def user_config() -> Path:
    """This person's folder for what they have set for vitcore, by the custom of the system."""
    if sys.platform in ("win32", "darwin"):
        return user_cache()
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "vitcore"


def data_root() -> Path:
    """The folder that holds the datasets: VITCORE_DATA, else one in the person's cache."""
    named = os.environ.get("VITCORE_DATA")
    return Path(named).expanduser().absolute() if named else user_cache() / "data"


def cache_folders(beside: Path) -> list[Path]:
    """Where decoded copies of the files in `beside` may be, best first: next to them, else in the person's cache."""
    return [beside / ".vitcore", user_cache() / "decoded"]


def writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, which is made if need be; tried, since permissions alone do not tell."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
