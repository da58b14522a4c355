"""Browsers that come and go: what the server holds of them afterwards, in file descriptors, threads and memory.

`python -m benchmarks.robustness.sessions --visits 300`. Linux alone: descriptors are counted in /proc.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import psutil

from benchmarks.robustness.visitor import Visitor, start_server
from tests.pages.texts import tell
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

PAGES = ("", "live", "compare", "draw", "train", "datasets")


def descriptors(process: psutil.Process) -> str:
    count = len(os.listdir(f"/proc/{process.pid}/fd"))
    return f"{count} descriptors, {process.num_threads()} threads, {process.memory_info().rss >> 20} MB"


def visit(port: int, page: str) -> None:
    """A page is drawn, then the tab is closed."""
    visitor = Visitor(port)
    try:
        wrong = visitor.open(page)
        assert not wrong, f"{page or 'home'} said: {wrong[0]}"
    finally:
        visitor.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=300)
    visits = parser.parse_args().visits
    with tempfile.TemporaryDirectory() as place:
        results = Results(Path(place) / "results")
        for seed in range(2):
            tell(results, RunSpec.of(seed=seed, epochs=3))
        server, port = start_server(results.root, Path(place) / "server.log")
        try:
            process = psutil.Process(server.pid)
            for page in PAGES:  # what is imported and opened once for all
                visit(port, page)
            print(f"after {len(PAGES):3} visits: {descriptors(process)}", flush=True)
            for number in range(len(PAGES), visits):
                visit(port, PAGES[number % len(PAGES)])
                if (number + 1) % (visits // 3 or 1) == 0 or number + 1 == visits:
                    print(f"after {number + 1:3} visits: {descriptors(process)}", flush=True)
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
