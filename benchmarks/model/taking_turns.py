"""Two ways of doing the same, each in a process of its own: neither gains by what the other does to its process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

Measure = Callable[[], float]


@contextmanager
def apart(way: Callable[..., Measure], *given: Any) -> Iterator[Measure]:
    """What `way(*given)` measures, in a process that is ready for it: one figure each time that it is called."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_answer, args=(there, way, *given))
    process.start()
    there.close()
    here.recv()

    def ask() -> float:
        here.send(True)
        found: float = here.recv()
        return found

    try:
        yield ask
    finally:
        here.send(False)
        process.join()


def _answer(turns: Connection, way: Callable[..., Measure], *given: Any) -> None:
    measure = way(*given)
    measure()  # warms up
    turns.send("ready")
    while turns.recv():
        turns.send(measure())
