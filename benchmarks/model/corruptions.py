"""What all five severities of each corruption cost, beside one plain evaluation of the same images: 10,000 of MNIST.

python -m benchmarks.model.corruptions [--architecture cct-2/3x2] [--dataset mnist]

Untrained weights cost what trained ones do. Seconds of the clock and of the CPU: beside other work the clock says more
of that than of this.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vitcore.analysis.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from vitcore.data.augment import Normalize
from vitcore.data.load import load
from vitcore.data.registry import DATASETS, pixel_scale
from vitcore.models import build
from vitcore.training.device import host
from vitcore.training.evaluate import evaluate


def timed(what: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of the clock and of the CPU."""
    clock, cpu = time.perf_counter(), time.process_time()
    what()
    return time.perf_counter() - clock, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architecture", default="cct-2/3x2")
    parser.add_argument("--dataset", default="mnist")
    chosen = parser.parse_args()
    known, images = DATASETS[chosen.dataset], load(chosen.dataset)
    cpu = torch.device("cpu")
    normalize = Normalize(*pixel_scale(chosen.dataset, "standard"), cpu)
    model = build(
        chosen.architecture,
        channels=known.channels,
        image_size=known.image_size,
        classes=len(known.classes),
        kernel="softmax",
    )
    pixels, labels = images.test.images.numpy(), images.test.labels

    def plain(of: np.ndarray) -> None:
        evaluate(model, torch.from_numpy(of), labels, normalize, device=cpu, precision=torch.float32)

    def all_severities(name: str) -> None:
        for severity in range(1, SEVERITIES + 1):
            plain(np.concatenate(list(corrupted(name, severity, pixels))))

    print(host())
    print(f"{chosen.architecture}, {len(pixels):,} images of {chosen.dataset}, {torch.get_num_threads()} threads")
    evaluate(model, images.test.images[:500], labels[:500], normalize, device=cpu, precision=torch.float32)  # warm
    print(f"{'':16}{'clock s':>9}{'CPU s':>9}{'x plain (clock)':>17}{'(CPU)':>8}")
    worst = 0.0
    for name in CORRUPTIONS:
        base = timed(lambda: plain(pixels))
        found = timed(lambda name=name: all_severities(name))  # type: ignore[misc]
        ratios = [many / item for many, item in zip(found, base, strict=True)]
        worst = max(worst, *ratios)
        print(f"{'plain':16}{base[0]:9.2f}{base[1]:9.2f}")
        print(f"{name:16}{found[0]:9.2f}{found[1]:9.2f}{ratios[0]:17.2f}{ratios[1]:8.2f}", flush=True)
    print(f"at most {worst:.1f} times a plain evaluation")


if __name__ == "__main__":
    main()
