"""Plug-ins loaded into a test's process, and out of it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vitcore import plugins
from vitcore.data.registry import READERS
from vitcore.plugins import _TABLES

PAGE = Path(__file__).parents[2] / "docs" / "own-network.md"


def documented() -> str:
    """The plug-in that docs/own-network.md shows."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if "register_" in block]
    return str(found)


@contextmanager
def apart() -> Iterator[Callable[..., None]]:
    """Gives a call that loads these files in place of whatever was loaded; in the end all is as it was."""
    tables: list[dict[Any, Any]] = [*_TABLES.values(), READERS, plugins._found, plugins._owners]
    before = [dict(table) for table in tables]

    def restore() -> None:
        for table, holding in zip(tables, before, strict=True):
            table.clear()
            table.update(holding)

    def load(*paths: Path) -> None:
        restore()
        for path in paths:
            plugins._load_file(path)

    try:
        yield load
    finally:
        restore()
