"""timm's image models by name, where timm is installed: which there are, read from its sources without importing it.

Importing timm imports torch, which takes seconds; a form and a message need the names alone.
"""

from __future__ import annotations

import difflib
import functools
import importlib.metadata
import importlib.util
import re
from pathlib import Path

from vitcore.errors import UserError
from vitcore.models.registry import Architecture

FAMILY = "timm_nets"
PREFIX = "timm/"
EXAMPLE = "timm/resnet18"
EXTRA = "pip install 'vitcore[timm]'"
_NAME = re.compile(r"timm/[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_REGISTERED = re.compile(r"^@register_model\s*(?:#.*)?\ndef\s+(\w+)\s*\(", re.MULTILINE)
_SIZE = 224  # pixels at which most of them are published; vitcore.models.timm_nets asks timm itself


def spelled(text: str) -> str | None:
    """The text where it has the form of a name of timm's, whether or not timm has such a network; else None."""
    return text if _NAME.fullmatch(text) else None


def row(name: str) -> Architecture:
    """The row that the registry would have for `timm/<name>`; whether timm has it is not looked at."""
    return Architecture(
        FAMILY,
        {"model": name.removeprefix(PREFIX)},
        "timm (Wightman 2019, PyTorch Image Models), which names the paper of each",
        attention=False,
        image_size=_SIZE,
        classes=1000,
        drop_path=True,
        dropout=True,
    )


def installed() -> bool:
    """Whether timm can be imported here."""
    return _folder() is not None


def version() -> str | None:
    """timm's version; None where it is not installed."""
    try:
        return importlib.metadata.version("timm")
    except importlib.metadata.PackageNotFoundError:
        return None


def version_of(architecture: str) -> str | None:
    """timm's version where the architecture is one of its networks, for the record of a run; else None."""
    return version() if spelled(architecture) else None


def names() -> tuple[str, ...]:
    """Every image model of the installed timm as `timm/<name>`, in alphabetical order; none where there is no timm."""
    folder = _folder()
    return () if folder is None else _names_in(folder)


def search(text: str, most: int) -> tuple[list[str], int]:
    """The first `most` names that hold every word of the text, and how many do.

    Those that begin with the first word stand first, and the shorter before the longer.
    """
    words = text.lower().removeprefix(PREFIX).split() or [""]
    found = [name for name in names() if all(word in name for word in words)]
    found.sort(key=lambda name: (not name.startswith(PREFIX + words[0]), len(name), name))
    return found[:most], len(found)


def check(name: str) -> None:
    """Refuse a name of timm's that cannot be built here.

    Raises:
        UserError: in one sentence; timm is not installed, or has no such network.
    """
    if not installed():
        raise UserError(f"{name} is one of timm's networks, and timm is not installed; {EXTRA} brings it")
    known = names()
    if name in known:
        return
    bare, dot, _ = name.partition(".")
    if dot and bare in known:
        raise UserError(
            f"{name} names weights of timm's, and a network starts with fresh ones here; give {bare}, and import "
            "weights from a file"
        )
    bare_names = [each.removeprefix(PREFIX) for each in known]
    near = [PREFIX + each for each in difflib.get_close_matches(name.removeprefix(PREFIX).lower(), bare_names, n=4)]
    near = near or search(name, 4)[0]
    why = (
        f"the nearest are {', '.join(near)}" if near else f"`vitcore models --search WORD` finds one of {len(known):,}"
    )
    raise UserError(f"timm {version()} has no image model {name.removeprefix(PREFIX)[:60]!r}; {why}")


def _folder() -> Path | None:
    """Where timm's models lie; None where timm cannot be imported."""
    try:
        found = importlib.util.find_spec("timm")
    except (ImportError, ValueError):
        return None
    return Path(found.origin).parent / "models" if found is not None and found.origin else None


@functools.cache
def _names_in(folder: Path) -> tuple[str, ...]:
    texts = [file.read_text(encoding="utf-8") for file in folder.rglob("*.py")]
    return tuple(sorted(PREFIX + name for text in texts for name in _REGISTERED.findall(text)))
