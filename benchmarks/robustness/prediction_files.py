"""One file of predictions a run, as it is, beside one `.npy` file an epoch, each as safe: seconds, bytes and files.

`python -m benchmarks.robustness.prediction_files --epochs 300 --images 10000`. Both sync what they write before an
epoch counts as told; the `.npy` file is written beside its place, synced, renamed, and its folder synced.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from vitcore.runs.predictions import Predictions


def one_file(folder: Path, truth: np.ndarray, answers: list[np.ndarray]) -> list[float]:
    """Milliseconds an epoch, as a worker writes them."""
    found, file = [], Predictions(folder / "predictions.bin", truth, 10)
    for epoch, own in enumerate(answers, 1):
        begun = time.perf_counter()
        file.put(epoch, own)
        found.append(1000 * (time.perf_counter() - begun))
    file.close()
    return found


def one_an_epoch(folder: Path, answers: list[np.ndarray]) -> list[float]:
    """Milliseconds an epoch, by numpy.save."""
    found = []
    for epoch, own in enumerate(answers, 1):
        begun = time.perf_counter()
        draft = folder / f".{epoch}.npy"
        with draft.open("wb") as file:
            np.save(file, own, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, folder / f"{epoch}.npy")
        number = os.open(folder, os.O_RDONLY)
        os.fsync(number)
        os.close(number)
        found.append(1000 * (time.perf_counter() - begun))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    random = np.random.default_rng(0)
    truth = random.integers(0, 10, chosen.images).astype(np.uint8)
    answers = [random.integers(0, 10, chosen.images).astype(np.uint8) for _ in range(chosen.epochs)]
    seconds: dict[str, list[float]] = {"one file": [], "one an epoch": []}
    for _ in range(chosen.repeats):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            seconds["one file"].append(statistics.median(one_file(Path(first), truth, answers)))
            seconds["one an epoch"].append(statistics.median(one_an_epoch(Path(second), answers)))
            for name, folder in (("one file", first), ("one an epoch", second)):
                files = list(Path(folder).iterdir())
                allocated = sum(each.stat().st_blocks * 512 for each in files)
                print(f"{name}: {seconds[name][-1]:.2f} ms an epoch, {len(files)} files, {allocated:,} bytes on disk")
    ratio = statistics.median(seconds["one an epoch"]) / statistics.median(seconds["one file"])
    print(f"one .npy an epoch takes {ratio:.2f} times one file's time (medians of {chosen.repeats})")


if __name__ == "__main__":
    main()
