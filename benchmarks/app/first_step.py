"""Seconds from submitting a run until its worker has it, until its first step, and until its one epoch stands there.

    python -m benchmarks.app.first_step [--against CHECKOUT] [--repeats 7]

`python -m vitcore train` on a hundred digits, so that nothing but the way there takes time; another checkout of the
project (`git worktree add`), with the same environment, takes turns with this one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.app.seconds import say

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("--architecture", "cct-2/3x2", "--dataset", "digits", "--samples", "100", "--epochs", "1")
STAGES = {"taken": "its worker has it", "started": "its first step begins", "epoch": "its one epoch is told"}


def way(checkout: Path) -> dict[str, float]:
    """Stage -> seconds since the command was given."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as results:
        environment = {**os.environ, "VITCORE_RESULTS": results, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "vitcore", "train", *OPTIONS]
        began = time.time()
        subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True)
        ended = time.time() - began
        (journal,) = Path(results).glob("runs/*/events.jsonl")
        events = [json.loads(line) for line in journal.read_text().splitlines()]
    stages = {words: next(line["at"] for line in events if line["event"] == name) for name, words in STAGES.items()}
    return {words: at - began for words, at in stages.items()} | {"the command has ended": ended}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, help="another checkout of the project")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    checkouts = {"": ROOT} | ({" (other checkout)": arguments.against.resolve()} if arguments.against else {})
    ways: dict[str, list[dict[str, float]]] = {name: [] for name in checkouts}
    for _ in range(arguments.repeats):
        for name, checkout in checkouts.items():
            ways[name].append(way(checkout))
    for stage in ways[""][0]:
        for name, found in ways.items():
            say(stage + name, [each[stage] for each in found])


if __name__ == "__main__":
    main()
