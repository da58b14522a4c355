"""Test error after so many seconds of training, over several seeds: mean and worst, of a preset or of any options.

    python -m benchmarks.model.time_to_accuracy --preset NAME [--seeds 5] [--write]
    python -m benchmarks.model.time_to_accuracy --fields '{"dataset": "mnist", "epochs": 2}'

Each run is a `python -m vitcore train` of its own, one after another, with nothing else to be running beside them; the
seconds are of training alone (evaluation is excluded). Runs go to a temporary folder; --write puts what came out into
vitcore/spec/presets.json, from where the form and the command line tell it.
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

import torch

from vitcore.spec import RunSpec, command_line
from vitcore.spec.presets import FILE
from vitcore.training.device import host

ROOT = Path(__file__).resolve().parents[2]


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


def machine() -> str:
    """This machine in a few words: '2 cores, AMD EPYC (AVX2)'."""
    has = torch.cpu.get_capabilities()
    units = next((name for name, key in (("AMX", "amx_bf16"), ("AVX-512", "avx512_f")) if has.get(key)), "AVX2")
    return f"{host().cores} cores, {host().cpu} ({units})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--preset", help="one of vitcore/spec/presets.json")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--fields", type=json.loads, default={}, help="options of the spec, as JSON")
    parser.add_argument("--write", action="store_true", help="put the result into presets.json")
    given = parser.parse_args()
    presets = json.loads(FILE.read_text(encoding="utf-8"))
    fields = {**(presets[given.preset]["fields"] if given.preset else {}), **given.fields}
    errors, seconds = [], []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as results:
        for seed in range(given.seeds):
            error, took = run(fields, seed, results)
            errors.append(round(error, 2))
            seconds.append(round(took, 1))
            print(f"seed {seed}  {error:5.2f} %  {took:6.1f} s", flush=True)
    print(
        f"mean {statistics.fmean(errors):.2f} %, worst {max(errors):.2f} %; "
        f"mean {statistics.fmean(seconds):.1f} s, longest {max(seconds):.1f} s"
    )
    if given.write and given.preset:
        presets[given.preset]["measured"] = {"errors": errors, "seconds": seconds, "machine": machine()}
        FILE.write_text(json.dumps(presets, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
