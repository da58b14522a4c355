"""How the store bears 1,000 or 10,000 runs: `python benchmarks/app/scale.py 1000`. Trust ratios: machines differ.

The runs are written through the real journal and read through the real index. Lines are not synced to the disk one by
one, as a worker's are; what that costs is measured on its own. With --results a folder is filled up to so many runs and
kept, since writing 100,000 takes longer than reading them.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.app.seconds import timed
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec
from vitcore.store import exports, queries
from vitcore.store.index import Index

ARCHITECTURES = ("cct-2/3x2", "vit-lite-7/4", "cvt-7/4")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=1000)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--results", type=Path, help="a folder of this benchmark's own, filled up and kept")
    arguments = parser.parse_args()
    if arguments.results:
        measure(Results(arguments.results), arguments.runs, arguments.epochs)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        measure(Results(folder), arguments.runs, arguments.epochs)


def measure(results: Results, runs: int, epochs: int) -> None:
    """Writes the runs and prints one figure a line."""
    began = time.perf_counter()
    stored = len(results.ids())
    for number in range(stored, runs):
        write_run(results, number, epochs)
    say(f"{max(0, runs - stored):,} runs x {epochs} epochs written", time.perf_counter() - began)
    journal = Journal(results.root / "durable.jsonl")
    say("one durable line, median", median(lambda: journal.append(epoch_line(1, 0.5)), 200))
    journal.close()
    buffered = Journal(results.root / "buffered.jsonl", buffered=True)
    say("one buffered line, median", median(lambda: buffered.append({"step": 1, "epoch": 1, "loss": 0.5}), 2000))
    buffered.close()
    size = sum(entry.stat().st_size for entry in results.runs.rglob("*") if entry.is_file())
    print(f"{'journals on disk':<42} {size / 2**20:10.1f} MB")
    time.sleep(1.1)  # folders touched within the last second are looked at twice

    index = Index(results)
    say("rebuild from the journals", timed(index.poll))
    say("publish the snapshot", timed(index.publish))
    print(f"{'snapshot on disk':<42} {results.snapshot.stat().st_size / 2**20:10.1f} MB")
    index.close()
    began = time.perf_counter()
    index = Index(results)
    say("hydrate from the snapshot", time.perf_counter() - began)
    say("first poll after it", timed(index.poll))
    say("poll where nothing changed, median", median(index.poll, 20))
    item = Journal(results.run(results.ids()[0]).events)

    def follow() -> None:
        item.append(epoch_line(epochs, 0.1), durable=False)
        index.poll()

    say("poll with one new epoch, median", median(follow, 20))
    item.close()
    say("summary of all runs (queries.runs), median", median(lambda: queries.runs(index), 10))
    say("seeds' mean and deviation, median", median(lambda: queries.groups(index, ["architecture", "kernel"]), 10))
    say("curves of twenty runs, median", median(lambda: queries.epochs(index, results.ids()[:20]), 10))
    say("CSV of all runs", timed(lambda: exports.csv(queries.runs(index))))
    say("order of the queue, median", median(lambda: queue.queued(results), 10))
    index.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(f"{'peak memory of this process':<42} {peak:10.0f} MB   ({os.cpu_count()} cores)")


def write_run(results: Results, number: int, epochs: int) -> None:
    """One finished run with a curve of its own."""
    spec = RunSpec.of(
        architecture=ARCHITECTURES[number % len(ARCHITECTURES)],
        dataset="mnist",
        seed=number,
        samples=1000 * (1 + number % 7),
        epochs=epochs,
    )
    folder = results.create(spec)
    events = Journal(folder.events)
    host = {"machine": "x86_64", "cpu": "EPYC", "cores": 2, "torch": "2.13.0", "system": "Linux"}
    start = {"event": "started", "device": "cpu", "precision": "float32", "threads": 2, "host": host, "pid": 1}
    events.append({**start, "epochs": epochs, "parameters": 283_723, "macs": 35_341_568}, durable=False)
    luck = random.Random(number)
    for epoch in range(1, epochs + 1):
        loss = 2.3 * math.exp(-epoch / 20) + 0.05 * luck.random()
        events.append(epoch_line(epoch, loss), durable=False)
    events.append({"event": "ended", "status": "finished", "reason": "all epochs are done"}, durable=False)
    events.close()


def epoch_line(epoch: int, loss: float) -> dict[str, object]:
    """An epoch's line as the trainer reports it."""
    return {
        "event": "epoch",
        "epoch": epoch,
        "train_loss": loss,
        "test_loss": loss * 1.1,
        "accuracy": 1 - loss / 3,
        "error_percent": 100 * loss / 3,
        "f1": 1 - loss / 3,
        "learning_rate": 1e-3 / epoch,
        "images_seen": 1000 * epoch,
        "training_seconds": 3.21 * epoch,
        "evaluation_seconds": 0.5 * epoch,
        "cpu_seconds": 6.1 * epoch,
        "images_per_second": 311.5,
        "memory_mb": 512.0,
    }


def median(action: Callable[[], object], times: int) -> float:
    return statistics.median(timed(action) for _ in range(times))


def say(what: str, seconds: float) -> None:
    print(f"{what:<42} {1000 * seconds:10.2f} ms", flush=True)


if __name__ == "__main__":
    main()
