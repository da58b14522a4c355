"""A training step with its images shared out among threads, against threads that share each operation: a ratio.

    python -m benchmarks.model.thread_parallel [--batch 128] [--rounds 5] [--architectures cct-2/3x2 …]

The same networks, optimizer and images, taking turns; the median of the ratios counts. Threads that wait sleep, as a
worker's do (OMP_WAIT_POLICY=PASSIVE, vitcore/processes.py): spinning ones would slow down everything else.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from functools import partial

import torch
from torch import nn

from vitcore.data.augment import MixedTargets
from vitcore.models import ARCHITECTURES, build
from vitcore.spec import RunSpec
from vitcore.training.optim import Optimizers
from vitcore.training.thread_parallel import ThreadParallel

NETWORKS = ("cct-mini/3x3", "cct-2/3x2", "cct-7/3x1", "cvt-7/8", "vit-lite-7/4")


def rate(model: nn.Module, thread_parallel: ThreadParallel, images: torch.Tensor, seconds: float = 2.0) -> float:
    """Images a second in training."""
    optimizers = Optimizers(model, RunSpec().optimizer)
    targets = MixedTargets(torch.randint(10, (len(images),)))

    def loss(subset: torch.Tensor, wanted: MixedTargets) -> torch.Tensor:
        return nn.functional.cross_entropy(model(subset), wanted.labels)

    steps, began = -2, time.perf_counter()  # two to warm up
    while time.perf_counter() - began < seconds or steps < 3:
        began = time.perf_counter() if steps == 0 else began
        optimizers.clear()
        thread_parallel.backward(loss, images, targets, max(steps, 0))
        optimizers.step()
        steps += 1
    return steps * len(images) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--architectures", nargs="+", default=NETWORKS)
    given = parser.parse_args()
    print(f"{'network':14}{'whole':>8}{'portions':>10}{'ratio':>7}   ({torch.get_num_threads()} threads, "
          f"OMP_WAIT_POLICY={os.environ.get('OMP_WAIT_POLICY', 'unset')})")  # fmt: skip
    for name in given.architectures:
        row = ARCHITECTURES[name]
        model = build(name, channels=row.channels, image_size=row.image_size, classes=10).train()
        images = torch.randn(given.batch, row.channels, row.image_size, row.image_size)
        made = partial(ThreadParallel, model, torch.device("cpu"), 0)
        pairs = [[rate(model, each, images) for each in (made(1), made(None))] for _ in range(given.rounds)]
        whole, shared = (statistics.median(rates) for rates in zip(*pairs, strict=True))
        ratio = statistics.median(second / first for first, second in pairs)
        print(f"{name:14}{whole:8.0f}{shared:10.0f}{ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
