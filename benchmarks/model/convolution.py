"""A 3x3 convolution trained by Winograd's minimal filtering against torch's own, in float32.

    python -m benchmarks.model.convolution [--rounds 9]

Forward and backward of 64 pictures on each of two threads at once, as the training loop shares out a batch; both take
turns, and the ratio of the medians counts. The last column is the largest difference, as a share of the largest number.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from vitcore.layers.winograd import filtered
from vitcore.training.memory import keep_pages

SHAPES = [  # channels before and after, and the side
    (3, 64, 32), (16, 16, 32), (32, 32, 16), (32, 32, 32), (32, 64, 14), (64, 64, 8), (64, 64, 14), (64, 64, 32),
    (64, 128, 16), (128, 128, 8), (256, 256, 8),
]  # fmt: skip
PICTURES = 64

Convolve = Callable[[Tensor, Tensor], Tensor]


def direct(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight, padding=1)


class Case:
    """One shape's numbers, and the seconds that each way takes."""

    def __init__(self, before: int, after: int, side: int) -> None:
        draws = torch.Generator().manual_seed(0)
        shape = (PICTURES, before, side, side)
        self.x = torch.randn(shape, generator=draws).contiguous(memory_format=torch.channels_last).requires_grad_()
        self.weight = torch.randn(after, before, 3, 3, generator=draws).requires_grad_()
        self.out = torch.randn(PICTURES, after, side, side, generator=draws).contiguous(
            memory_format=torch.channels_last
        )

    def gradients(self, way: Convolve) -> tuple[Tensor, ...]:
        y = way(self.x, self.weight)
        return (y, *torch.autograd.grad(y, (self.x, self.weight), self.out))

    def difference(self) -> float:
        """The largest over the result and both gradients, each as a share of its largest number."""
        pairs = zip(self.gradients(direct), self.gradients(filtered), strict=True)
        return max(((one - other).abs().max() / one.abs().max()).item() for one, other in pairs)


def turns(case: Case, rounds: int, took: dict[Convolve, list[float]]) -> None:
    torch.set_num_threads(1)
    for _ in range(rounds):
        for way, seconds in took.items():
            begun = time.perf_counter()
            case.gradients(way)
            seconds.append(time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    keep_pages()
    print("before  after  side   torch's own   Winograd   ratio   difference")
    for shape in SHAPES:
        took: dict[Convolve, list[float]] = {direct: [], filtered: []}
        threads = [threading.Thread(target=turns, args=(Case(*shape), rounds, took)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        own, ours = (1e3 * statistics.median(seconds[2:]) for seconds in took.values())
        difference = Case(*shape).difference()
        print("{:6} {:6} {:5}".format(*shape), f"{own:10.1f} ms {ours:7.1f} ms {own / ours:7.2f} {difference:12.0e}")


if __name__ == "__main__":
    main()
