"""What `vc.log` costs a program that trains: an epoch of six metrics with and without the wait for the disk, a step.

    python -m benchmarks.app.logging [--epochs 300] [--folder FOLDER]

The folder's disk is waited for (fsync) once an epoch, which is what makes an epoch outlast a power cut. In turn with
it, so that whatever else writes to the disk falls on all alike, stand the same wait alone and two that one might hope
are shorter: for the data without the times (fdatasync), and within a file that has its room already.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import vitcore as vc


def milliseconds(call: Callable[[int], object], times: int) -> float:
    """The median of so many calls, each given its number from 1."""
    taken = []
    for number in range(1, times + 1):
        begun = time.perf_counter()
        call(number)
        taken.append(1000 * (time.perf_counter() - begun))
    return median(taken)


METRICS: dict[str, Any] = {
    "accuracy": 0.5,
    "f1": 0.5,
    "train_loss": 1.0,
    "test_loss": 1.0,
    "val_accuracy": 0.5,
    "val_loss": 1.0,
}
ROOM = 1 << 20  # bytes that a file has before anything is written into it


def logged(folder: Path, epochs: int) -> tuple[float, float]:
    """Milliseconds for an epoch of six metrics, and for a step."""
    os.environ["VITCORE_RESULTS"] = str(folder)
    with vc.log("what logging costs") as run:
        epoch = milliseconds(lambda number: run.epoch(**METRICS), epochs)
        return epoch, milliseconds(lambda number: run.step(number, loss=1.0, learning_rate=0.1), 10 * epochs)


def in_turn(folder: Path, epochs: int) -> dict[str, float]:
    """Milliseconds for an epoch and, each right after it, for a line of 250 bytes and one of the waits for the disk."""
    os.environ["VITCORE_RESULTS"] = str(folder)
    files = {name: (folder / name).open("wb", buffering=0) for name in ("fsync", "fdatasync", "room")}
    files["room"].write(b" " * ROOM)
    files["room"].seek(0)
    os.fsync(files["room"].fileno())

    def line(name: str, _: int) -> None:
        files[name].write(b"x" * 250)
        (os.fsync if name == "fsync" else os.fdatasync)(files[name].fileno())

    taken: dict[str, list[float]] = {name: [] for name in ("epoch", *files)}
    with vc.log("what logging costs") as run:
        for _ in range(epochs):
            taken["epoch"].append(milliseconds(lambda number: run.epoch(**METRICS), 1))
            for name in files:
                taken[name].append(milliseconds(partial(line, name), 1))
    for file in files.values():
        file.close()
    return {name: median(each) for name, each in taken.items()}


def main() -> None:
    """Prints the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default: the system's temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        waits = in_turn(Path(place), given.epochs)
        step = logged(Path(place), given.epochs)[1]
        print(f"an epoch of six metrics, on the disk: {waits['epoch']:.2f} ms")
        print(
            f"a line of its size and the wait alone: {waits['fsync']:.2f} ms by fsync, {waits['fdatasync']:.2f} ms by"
        )
        print(f"fdatasync, {waits['room']:.2f} ms by fdatasync where the file has its room already")
        print(f"a step, held back for half a second at most: {step:.3f} ms")
    memory = Path("/dev/shm")
    if memory.is_dir():
        with tempfile.TemporaryDirectory(dir=memory) as place:
            print(f"an epoch of six metrics where the disk is memory: {logged(Path(place), given.epochs)[0]:.3f} ms")


if __name__ == "__main__":
    main()
