"""What `vc.log` costs a program that trains: an epoch of six metrics with and without the wait for the disk, a step.

    python -m benchmarks.app.logging [--epochs 300] [--folder FOLDER]

The folder's disk is waited for (fsync) once an epoch; beside it stands what that wait takes alone.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import vitcore as vc


def milliseconds(call: Callable[[int], object], times: int) -> float:
    """The median of so many calls, each given its number from 1."""
    taken = []
    for number in range(1, times + 1):
        begun = time.perf_counter()
        call(number)
        taken.append(1000 * (time.perf_counter() - begun))
    return median(taken)


def logged(folder: Path, epochs: int) -> tuple[float, float]:
    """Milliseconds for an epoch of six metrics, and for a step."""
    os.environ["VITCORE_RESULTS"] = str(folder)
    metrics = {"accuracy": 0.5, "f1": 0.5, "train_loss": 1.0, "test_loss": 1.0, "val_accuracy": 0.5, "val_loss": 1.0}
    with vc.log("what logging costs") as run:
        epoch = milliseconds(lambda number: run.epoch(**metrics), epochs)
        return epoch, milliseconds(lambda number: run.step(number, loss=1.0, learning_rate=0.1), 10 * epochs)


def alone(folder: Path, times: int) -> float:
    """Milliseconds for one line of 250 bytes and the wait for the disk."""
    with (folder / "alone").open("ab", buffering=0) as file:

        def written(number: int) -> None:
            file.write(b"x" * 250)
            os.fsync(file.fileno())

        return milliseconds(written, times)


def main() -> None:
    """Prints the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default: the system's temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        wait = alone(Path(place), given.epochs)
        epoch, step = logged(Path(place), given.epochs)
        print(f"an epoch of six metrics, on the disk: {epoch:.2f} ms, of which the disk alone {wait:.2f} ms")
        print(f"a step, held back for half a second at most: {step:.3f} ms")
    memory = Path("/dev/shm")
    if memory.is_dir():
        with tempfile.TemporaryDirectory(dir=memory) as place:
            print(f"an epoch of six metrics where the disk is memory: {logged(Path(place), given.epochs)[0]:.3f} ms")


if __name__ == "__main__":
    main()
