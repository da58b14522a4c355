"""A run that is cut at a random step and resumed ends with the bits of the run that never was; any architecture whole.

`python -m benchmarks.robustness.resume proxyless-g`. The tests do the same with the quickest network of each family.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from safetensors.torch import load_file

from vitcore.data.load import Images, Split, load
from vitcore.spec import RunSpec
from vitcore.training import state, stop_signal, train


class Control:
    """Asks for a stop before the step of that number (from 0); never where there is none."""

    def __init__(self, step: int | None) -> None:
        self._left = step

    def __call__(self) -> str | None:
        if self._left is None:
            return None
        self._left -= 1
        return "stop" if self._left < 0 else None


def few(name: str, image_size: int | None, *_: object) -> Images:
    """Two rows to test on: the test's own time is not what is looked at."""
    images = load(name, image_size)
    return replace(images, test=Split(images.test.images[:2], images.test.labels[:2]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture")
    parser.add_argument("--image-size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=4)
    chosen = parser.parse_args()
    size: dict[str, Any] = {"samples": 2 * chosen.steps, "batch_size": 2, "epochs": 1, "device": "cpu"}
    spec = RunSpec.of(architecture=chosen.architecture, image_size=chosen.image_size, **size)
    cut = random.randint(1, chosen.steps - 1)
    with (
        tempfile.TemporaryDirectory() as place,
        mock.patch.object(state, "load", few),
        mock.patch.object(stop_signal, "ASK_SECONDS", 0.0),
    ):
        whole, other = Path(place, "whole"), Path(place, "cut")
        whole.mkdir()
        other.mkdir()
        began = time.process_time()
        train(spec, lambda line: None, folder=whole)
        train(spec, lambda line: None, folder=other, control=Control(cut))
        train(spec, lambda line: None, folder=other, resume=True)
        first, second = (load_file(folder / "model.safetensors") for folder in (whole, other))
    equal = first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    seconds = time.process_time() - began
    print(f"{chosen.architecture}, cut before step {cut + 1} of {chosen.steps}: {len(first)} tensors, ", end="")
    print(f"{'the same bit for bit' if equal else 'NOT the same'}; {seconds:.0f} s of CPU time")
    raise SystemExit(not equal)


if __name__ == "__main__":
    main()
