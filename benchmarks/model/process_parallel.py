"""A training step shared out among processes, against as many threads of one process: a ratio, in one run.

    python -m benchmarks.model.process_parallel [--processes 2] [--batch 128] [--rounds 5] [--architectures cct-2/3x2 …]

The same network, optimizer and images, taking turns: the threads train while the other processes wait for a word, which
costs them nothing. The median of the ratios counts. On one CPU threads have nothing to send; this says what it costs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import nn

from vitcore.data.augment import MixedTargets
from vitcore.models import ARCHITECTURES, build
from vitcore.runs.together import meet
from vitcore.spec import RunSpec
from vitcore.training.optim import Optimizers
from vitcore.training.process_parallel import ProcessParallel
from vitcore.training.ranks import Place, Ranks
from vitcore.training.thread_parallel import ThreadParallel

NETWORKS = ("cct-mini/3x3", "cct-2/3x2", "vit-lite-7/4")
CPU = torch.device("cpu")
STEPS = 5  # of each in a round

Batch = tuple[torch.Tensor, MixedTargets]
Parallel = ThreadParallel | ProcessParallel


def made(name: str, size: int) -> tuple[nn.Module, Batch]:
    """A network and a batch of images for it with their classes, the same in every process."""
    torch.manual_seed(0)
    row = ARCHITECTURES[name]
    model = build(name, channels=row.channels, image_size=row.image_size, classes=10).train()
    images = torch.randn(size, row.channels, row.image_size, row.image_size)
    return model, (images, MixedTargets(torch.arange(size) % 10))


def step_seconds(model: nn.Module, parallel: Parallel, batch: Batch, ranks: Ranks | None) -> float:
    """Seconds of a step, the mean of STEPS after one to warm up; process 0 names each one to the others."""
    optimizers = Optimizers(model, RunSpec().optimizer)

    def loss(subset: torch.Tensor, wanted: MixedTargets) -> torch.Tensor:
        return nn.functional.cross_entropy(model(subset), wanted.labels)

    began = 0.0
    for number in range(STEPS + 1):
        began = time.perf_counter() if number == 1 else began
        if ranks is not None and ranks.rank:
            ranks.listen()
        with ranks.step(number) if ranks is not None and not ranks.rank else nullcontext():
            optimizers.clear()
            parallel.backward(loss, *batch, number)
            optimizers.step()
    return (time.perf_counter() - began) / STEPS


def turns(ranks: Ranks, given: argparse.Namespace) -> None:
    """All rounds of all networks, of which process 0 prints what came of them."""
    if ranks.rank == 0:
        print(f"{'network':14}{'threads':>10}{'processes':>11}{'ratio':>7}   (seconds a step; {ranks.count} of each, "
              f"{torch.get_num_threads()} threads in all, "
              f"OMP_WAIT_POLICY={os.environ.get('OMP_WAIT_POLICY', 'unset')}, "
              f"load {os.getloadavg()[0]:.0f})")  # fmt: skip
    for name in given.architectures:
        model, batch = made(name, given.batch)
        processes = ProcessParallel(model, CPU, 0, ranks, in_pool=True)
        threads = ThreadParallel(model, CPU, 0, ranks.count) if ranks.rank == 0 else None
        pairs = []
        for _ in range(given.rounds):
            alone = step_seconds(model, threads, batch, None) if threads else 0.0
            pairs.append((alone, step_seconds(model, processes, batch, ranks)))
        if ranks.rank == 0:
            alone, together = (statistics.median(times) for times in zip(*pairs, strict=True))
            ratio = statistics.median(other / threaded for threaded, other in pairs)
            print(f"{name:14}{alone:10.3f}{together:11.3f}{ratio:7.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--architectures", nargs="+", default=NETWORKS)
    parser.add_argument("--beside", nargs=2, metavar=("RANK", "STORE"), help="of the processes that the first starts")
    given = parser.parse_args()
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    if given.beside:
        rank, store = int(given.beside[0]), Path(given.beside[1])
        turns(meet(store, Place(rank, given.processes, rank, given.processes)), given)
        return
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        command = [sys.executable, "-m", "benchmarks.model.process_parallel", *sys.argv[1:], "--beside"]
        others = [subprocess.Popen([*command, str(rank), str(store)]) for rank in range(1, given.processes)]
        turns(meet(store, Place(0, given.processes, 0, given.processes)), given)
        for other in others:
            other.wait()


if __name__ == "__main__":
    main()
