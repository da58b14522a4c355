"""What it costs to tell each epoch's training accuracy and gradient norm: their share of a step of CCT-2/3x2.

python -m benchmarks.model.gradient_norm [--batch 128]

The shortest of several times counts, of the step and of either: other work on the machine makes all of them longer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import nn

from vitcore.models import build
from vitcore.training.memory import keep_pages


def shortest(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the quickest of so many times."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=128)
    batch = parser.parse_args().batch
    keep_pages()
    torch.manual_seed(0)
    model = build("cct-2/3x2", channels=3, image_size=32, classes=10)
    optimizer = torch.optim.AdamW(model.parameters())
    images, labels = torch.randn(batch, 3, 32, 32), torch.randint(10, (batch,))
    answers = model(images)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    whole = shortest(step, 8)
    gradients = [each.grad for each in model.parameters() if each.grad is not None]
    for what, seconds in (
        ("gradient norm", shortest(lambda: nn.utils.get_total_norm(gradients), 200)),
        ("right answers", shortest(lambda: (answers.argmax(-1) == labels).sum(), 200)),
    ):
        share = 100 * seconds / whole
        print(f"{what}: {1e6 * seconds:.0f} us of a step of {1e3 * whole:.0f} ms, {share:.2f} %")


if __name__ == "__main__":
    main()
