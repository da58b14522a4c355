"""Where dropout and stochastic depth draw from: torch's global generator, or one that a thread brings of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Generator

_thread = threading.local()


def source() -> Generator | None:
    """The generator of this thread; None where it draws from torch's global one."""
    return getattr(_thread, "generator", None)


@contextmanager
def drawing_from(generator: Generator) -> Iterator[None]:
    """Until the block ends this thread draws from `generator`, a CPU's."""
    _thread.generator = generator
    try:
        yield
    finally:
        _thread.generator = None
