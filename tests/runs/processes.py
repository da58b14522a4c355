"""What tests of real processes share: tiny runs, waiting with patience, and clearing up after themselves."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psutil

from vitcore.runs import journal, queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

PATIENCE = 240.0  # seconds; a machine may be slow, and no verdict rests on how fast it is


def tiny(**chosen: Any) -> RunSpec:
    """A run of a second or so once torch is there."""
    return RunSpec.of(**{"architecture": "cnn", "samples": 64, "batch_size": 16, "epochs": 2, **chosen})


def endless(**chosen: Any) -> RunSpec:
    """A run that ends only when it is made to."""
    return tiny(**{"epochs": 10_000, **chosen})


def wait_until(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain until {what}"
        time.sleep(0.05)


def epochs_of(results: Results, id: str) -> list[int]:
    lines, _ = journal.read(results.run(id).events)
    return [line["epoch"] for line in lines if line.get("event") == "epoch"]


def worker_of(results: Results, id: str) -> psutil.Process:
    """The process that trains a run."""
    lines, _ = journal.read(results.run(id).events)
    return psutil.Process([line["pid"] for line in lines if line.get("event") == "taken"][-1])


def wait_for_status(results: Results, id: str, *wanted: str) -> None:
    def there() -> bool:
        return queue.status(results, id) in wanted

    wait_until(there, f"run {id} is {' or '.join(wanted)}, not {queue.status(results, id)}")


def started_here(results: Results) -> Iterator[psutil.Process]:
    """Dispatchers and workers of this results folder, and of no other."""
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if str(results.root) in command and any(
            part.startswith(
                (
                    "vitcore.runs.",
                    "vitcore.engines.",
                    "vitcore.lab.",
                    "vitcore.analysis.",
                    "vitcore.settle.",
                    "vitcore.search.",
                )
            )
            for part in command
        ):
            yield process


def end_all(results: Results) -> None:
    """Ends what a test has left running; dispatchers first, so that they start nothing more."""
    for _ in range(3):
        for process in sorted(started_here(results), key=lambda p: "vitcore.runs.worker" in p.cmdline()):
            with suppress(psutil.NoSuchProcess):  # it has gone by itself
                process.kill()
                process.wait(10)
