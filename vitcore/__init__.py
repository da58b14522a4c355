"""Vision transformers, a trainer and a run store; the Streamlit app stands on top of it.

The front door, for notebooks: `import vitcore as vc`, then `vc.build`, `vc.RunSpec`, `vc.train`, `vc.submit`,
`vc.runs`, `vc.run`, `vc.log`, `vc.search`, `vc.settle`, `vc.plot`, `vc.predict`, `vc.published`; for plug-ins
`vc.register_kernel`, `vc.register_architecture`, `vc.register_dataset`. Each is fetched when it is first asked for:
importing brings no torch.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what `__getattr__` fetches, for editors and type checkers
    from vitcore.front import plot
    from vitcore.front.images import predict
    from vitcore.front.launch import submit, train
    from vitcore.front.log import log
    from vitcore.front.networks import build
    from vitcore.front.run import Run, run
    from vitcore.front.search import search
    from vitcore.front.settle import settle
    from vitcore.front.stored import published, runs
    from vitcore.plugins import register_architecture, register_dataset, register_kernel
    from vitcore.spec import RunSpec

__version__ = "0.1.0"
__all__ = [
    "Run", "RunSpec", "build", "log", "plot", "predict", "published", "register_architecture", "register_dataset",
    "register_kernel", "run", "runs", "search", "settle", "submit", "train",
]  # fmt: skip

_PLACES = {
    "Run": "vitcore.front.run",
    "RunSpec": "vitcore.spec",
    "build": "vitcore.front.networks",
    "log": "vitcore.front.log",
    "plot": "vitcore.front",
    "predict": "vitcore.front.images",
    "published": "vitcore.front.stored",
    "register_architecture": "vitcore.plugins",
    "register_dataset": "vitcore.plugins",
    "register_kernel": "vitcore.plugins",
    "run": "vitcore.front.run",
    "runs": "vitcore.front.stored",
    "search": "vitcore.front.search",
    "settle": "vitcore.front.settle",
    "submit": "vitcore.front.launch",
    "train": "vitcore.front.launch",
}
"""Where each name of the front door is at home."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if importlib.util.find_spec(f"{__name__}.{name}"):  # a room of the same name: one object for both
        return importlib.import_module(f"{__name__}.{name}")
    found = globals()[name] = _fetched(name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _fetched(name: str) -> Any:
    home = importlib.import_module(_PLACES[name])
    return getattr(home, name) if hasattr(home, name) else importlib.import_module(f"{home.__name__}.{name}")


class _Room(ModuleType):
    """A room whose name is one of the front door's, such as `runs`: a module, and called as the front door's function.

    So `vc.runs()` and `import vitcore.runs.queue` go together, whichever comes first.
    """

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _fetched(self.__name__.rpartition(".")[2])(*arguments, **named)

    @property
    def __signature__(self) -> Any:
        import inspect

        return inspect.signature(_fetched(self.__name__.rpartition(".")[2]))


class _FrontDoor(ModuleType):
    """This package: `import vitcore.runs` puts the module on it, and here it learns to be called."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _PLACES and isinstance(value, ModuleType) and value.__name__ == f"{__name__}.{name}":
            value.__class__ = _Room
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _FrontDoor
