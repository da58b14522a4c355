"""What it costs to tell each epoch's training accuracy and gradient norm: their share of whole steps, large and small.

python -m benchmarks.model.gradient_norm
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from vitcore.spec import RunSpec
from vitcore.training.memory import keep_pages
from vitcore.training.state import TrainingState
from vitcore.training.step import NORM_EVERY, Steps
from vitcore.training.stop_signal import StopSignal

STEPS = (("cct-2/3x2", 128), ("performer", 128), ("cct-mini/3x3", 32), ("cnn", 32), ("cnn", 8))


def median(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the middle of so many times."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def report(architecture: str, batch: int) -> str:
    """What the two take of whole steps of so many images."""
    spec = RunSpec.of(architecture=architecture, dataset="digits", batch_size=batch, device="cpu", precision="float32")
    parts = TrainingState(spec, lambda line: None, StopSignal(lambda: None), None)
    steps, position = Steps(spec, parts), 1  # a step of which no norm is told
    images, labels = parts.batches.batch(parts.batches.order(0), 0)
    answers = torch.randn(batch, 10)
    for _ in range(5):
        steps.take(position, images, labels)
    whole = median(lambda: steps.take(position, images, labels), 15 if batch > 32 else 60)
    norm = median(lambda: steps._norm(0), 300)
    right = median(lambda: (answers.argmax(-1) == labels).sum(), 300)
    return (
        f"{architecture}, {batch} images: a step {1e3 * whole:.1f} ms; a norm {1e6 * norm:.0f} us, of every "
        f"{NORM_EVERY}th step {100 * norm / NORM_EVERY / whole:.2f} %; right answers {100 * right / whole:.2f} %"
    )


def main() -> None:
    keep_pages()
    for architecture, batch in STEPS:
        print(report(architecture, batch))


if __name__ == "__main__":
    main()
