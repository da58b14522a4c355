"""Everybody at once on one results folder: workers, app servers, a notebook, the command line, and people in browsers.

    python -m benchmarks.robustness.together --minutes 5 [--sessions 20]

Four workers train side by side, each on a device's lane of its own; two app servers are visited page after page; a
notebook copies and reads runs.duckdb; the command line asks for tables. Counted are epochs lost or told twice, what
spoke of a locked database, and the longest waits. With --sessions that many tabs of one Chromium click through the app
while one run trains. Exit code 1 where an epoch is lost or doubled, a page shows an exception or a database was locked.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.robustness.crowd import callers, crowd
from benchmarks.robustness.parties import command_line, notebook, visits, workers
from benchmarks.robustness.visitor import start_server
from benchmarks.robustness.witness import Heard
from vitcore.runs import journal
from vitcore.runs.folder import Results
from vitcore.store import queries
from vitcore.store.index import Index


def together(results: Results, minutes: float, heard: Heard) -> None:
    """Runs all parties for so long, then waits for their ends."""
    over = threading.Event()
    servers = [start_server(results.root, results.root / f"server-{number}.log") for number in (1, 2)]
    parties: list[Callable[[Results, threading.Event, Heard], None]] = [
        *(lambda r, o, t, port=port: visits(r, o, t, port) for _, port in servers),
        notebook,
        command_line,
    ]
    threads = [threading.Thread(target=party, args=(results, over, heard), daemon=True) for party in parties]
    try:
        with workers(results, 4):
            for thread in threads:
                thread.start()
            time.sleep(60 * minutes)
            over.set()
            for thread in threads:
                thread.join(180)
    finally:
        for process, _ in servers:
            process.kill()
            process.wait()
    for log in results.root.glob("server-*.log"):
        text = log.read_text(encoding="utf-8", errors="replace").lower()
        heard.wrong += [f"{log.name}: {line}" for line in text.splitlines() if "lock" in line and "database" in line]


def lost_or_doubled(results: Results) -> tuple[int, int, int]:
    """Epochs that were told, are missing from the tables, and stand there twice."""
    index = Index(results, hydrate=False)
    index.poll()
    epochs_seen = missing = doubled = 0
    for id in results.ids():
        lines, _ = journal.read(results.run(id).events)
        epochs = [line["epoch"] for line in lines if line.get("event") == "epoch"]
        stored = queries.epochs(index, [id])["epoch"].tolist()
        epochs_seen += len(epochs)
        missing += len(set(epochs) - set(stored)) + len(set(range(1, max(epochs, default=0) + 1)) - set(epochs))
        doubled += len(stored) - len(set(stored)) + len(epochs) - len(set(epochs))
    index.close()
    return epochs_seen, missing, doubled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--sessions", type=int, default=0)
    chosen = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("ended before its time"))  # nothing is left running
    heard, began = Heard(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        results = Results(Path(folder) / "results")
        results.root.mkdir()
        missing = doubled = 0
        if chosen.minutes:
            together(results, chosen.minutes, heard)
            epochs, missing, doubled = lost_or_doubled(results)
            print(f"{chosen.minutes:g} minutes, four workers: {epochs} epochs, {missing} lost, {doubled} told twice")
        for party, waits in heard.waits.items():
            print(f"  {party}: {len(waits)} times, median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s")
        if chosen.sessions:
            heard.wrong += callers(Results(Path(folder) / "callers"), chosen.sessions)
            heard.wrong += crowd(Results(Path(folder) / "crowd"), chosen.sessions)
    for wrong in dict.fromkeys(heard.wrong):
        print(f"  wrong: {wrong[:300]}")
    print(f"load of the machine before and after: {began:.1f} and {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.exit(bool(missing or doubled or heard.wrong))


if __name__ == "__main__":
    main()
