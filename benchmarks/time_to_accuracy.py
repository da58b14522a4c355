"""Test error after so many seconds of training on all of MNIST, over several seeds: mean and worst.

    python -m benchmarks.time_to_accuracy [--seeds 5] [--fields '{"epochs": 2, "crop": 2, "rotate": 10}']

The smallest CCT with the options that did best so far, and on top of them what --fields says. Each run is a `python -m
vitcore train` of its own, one after another, with nothing else to be running beside them; the seconds are of training
alone (evaluation is excluded). Results go to a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vitcore.spec import RunSpec, command_line

ROOT = Path(__file__).resolve().parents[1]
BASE = {
    "architecture": "cct-mini/3x3",
    "dataset": "mnist",
    "learning_rate": 3e-3,
    "weight_decay": 0.01,
    "schedule": "linear",
    "attention_dropout": 0.0,
    "stochastic_depth": 0.0,
    "epochs": 1,
}


def run(fields: Mapping[str, Any], seed: int, results: str) -> tuple[float, float]:
    """Test error in percent and seconds of training of one run from the command line."""
    command = shlex.split(command_line(RunSpec.of(**fields, seed=seed)))[1:]
    done = subprocess.run(
        [sys.executable, *command, "--json"],
        cwd=ROOT,
        env={**os.environ, "VITCORE_RESULTS": results},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    line = json.loads(done.stdout.strip().splitlines()[-1])
    return float(line["error_percent"]), float(line["training_seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--fields", type=json.loads, default={}, help="options of the spec, as JSON")
    given = parser.parse_args()
    errors, seconds = [], []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as results:
        for seed in range(given.seeds):
            error, took = run({**BASE, **given.fields}, seed, results)
            errors.append(error)
            seconds.append(took)
            print(f"seed {seed}  {error:5.2f} %  {took:6.1f} s", flush=True)
    print(
        f"mean {statistics.fmean(errors):.2f} %, worst {max(errors):.2f} %; "
        f"mean {statistics.fmean(seconds):.1f} s, longest {max(seconds):.1f} s"
    )


if __name__ == "__main__":
    main()
