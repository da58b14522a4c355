"""Seconds to decode a dataset for the first time, and to have it at every later start, each in a process of its own.

    python -m benchmarks.model.decode [--dataset tiny-imagenet] [--repeats 3]

The dataset's files are taken from VITCORE_DATA; its decoded copy goes to a temporary folder and is deleted again.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from vitcore.data.load import available
from vitcore.data.storage.places import data_root

LOAD = """
import sys, time
import torch
from vitcore.data.load import load
began = time.perf_counter()
images = load(sys.argv[1])
rows = int(images.train.images[::97].sum() > 0) and len(images.train.labels) + len(images.test.labels)
print(time.perf_counter() - began, rows)
"""


def seconds(dataset: str, data: Path) -> tuple[float, int]:
    """One start: seconds, and how many images came."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, dataset],
        env={**os.environ, "VITCORE_DATA": str(data), "XDG_CACHE_HOME": str(data / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    took, rows = done.stdout.split()
    return float(took), int(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", default="tiny-imagenet")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    missing = available(given.dataset)
    if missing:
        sys.exit(missing)
    first, later = [], []
    for _ in range(given.repeats):
        with tempfile.TemporaryDirectory() as place:
            for file in data_root().iterdir():
                if not file.name.startswith("."):
                    (Path(place) / file.name).symlink_to(file)
            took, rows = seconds(given.dataset, Path(place))
            first.append(took)
            later.append(seconds(given.dataset, Path(place))[0])
    print(f"{rows:,} images of {given.dataset}, medians of {given.repeats}")
    print(f"first start, decoded and cached  {statistics.median(first):8.2f} s  ({min(first):.2f} to {max(first):.2f})")
    print(f"second start, from the cache     {statistics.median(later):8.3f} s  ({min(later):.3f} to {max(later):.3f})")


if __name__ == "__main__":
    main()
