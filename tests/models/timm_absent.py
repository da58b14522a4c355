"""An environment without timm: a finder that stands before all others and finds no such package."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec

SETTING_UP = "import sys; from tests.models.timm_absent import Absent; sys.meta_path.insert(0, Absent())"
"""The same at the beginning of another process."""


class Absent:
    """Finds everything but timm."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name.split(".")[0] == "timm":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


@contextmanager
def without_timm() -> Iterator[None]:
    """This process as if timm had never been installed or imported."""
    taken = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "timm"}
    finder = Absent()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.modules.update(taken)
