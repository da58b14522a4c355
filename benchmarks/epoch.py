"""Our whole epoch against a tutorial's, data and augmentation included: CCT-2/3x2 on CIFAR-sized pictures.

    python -m benchmarks.epoch [--rows 2000] [--repeats 5]

The tutorial: a Dataset of PIL pictures, per-picture torchvision transforms (crop, flip, to tensor, normalise), a
DataLoader, stock layers (nn.MultiheadAttention), AdamW, `loss.item()` every step. Ours: `vitcore.training.train`. Both
in float32 with the same threads, taking turns in one process; what counts is the median of the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.stock import StockCCT
from vitcore.data.load import Images, Split
from vitcore.spec import RunSpec
from vitcore.training import loop, parts
from vitcore.vision import torchvision

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
CLASSES = tuple(str(number) for number in range(10))


class Pictures(Dataset[tuple[Tensor, int]]):
    """A tutorial's dataset: one PIL picture at a time, through its transforms."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        v2 = torchvision.transforms
        self._pictures = [v2.functional.to_pil_image(image) for image in images]
        self._labels = labels.tolist()
        self._transform = v2.Compose(
            [v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip(), v2.ToTensor(), v2.Normalize(MEAN, STD)]
        )

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        return self._transform(self._pictures[row]), self._labels[row]


def tutorial(pictures: Dataset[tuple[Tensor, int]], rows: int, workers: int) -> float:
    """Pictures a second of one epoch, written as tutorials write it."""
    torch.manual_seed(0)
    model = StockCCT(channels=3, side=32, classes=10)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.03)
    loader = DataLoader(pictures, batch_size=128, shuffle=True, num_workers=workers)
    started = time.perf_counter()
    model.train()
    running = 0.0
    for images, labels in loader:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()
        running += loss.item()
    return rows / (time.perf_counter() - started)


def ours(images: Images) -> float:
    """Pictures a second of one epoch of `train`, as it reports them."""
    spec = RunSpec.of(
        architecture="cct-2/3x2", dataset="cifar-10", epochs=1, crop=4, flip=True, device="cpu", precision="float32"
    )
    before, parts.load = parts.load, lambda *_: images
    try:
        return loop.train(spec, lambda stream, line: None).images_per_second
    finally:
        parts.load = before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0, help="DataLoader processes of the tutorial's loop")
    chosen = parser.parse_args()
    draws = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (chosen.rows, 3, 32, 32), dtype=torch.uint8, generator=draws)
    labels = torch.randint(10, (chosen.rows,), generator=draws)
    images = Images(Split(pixels, labels), Split(pixels[:100], labels[:100]), CLASSES, MEAN, STD)
    pictures = Pictures(pixels, labels)
    rounds: list[tuple[float, float]] = []
    for number in range(chosen.repeats + 1):
        pair = (ours(images), tutorial(pictures, chosen.rows, chosen.workers))
        if number:  # the first warms up
            rounds.append(pair)
            print(f"ours {pair[0]:7.0f}   tutorial {pair[1]:7.0f} images/s   ratio {pair[0] / pair[1]:.2f}", flush=True)
    told: dict[str, Any] = {
        "ours": statistics.median(mine for mine, _ in rounds),
        "tutorial": statistics.median(theirs for _, theirs in rounds),
        "ratio": statistics.median(mine / theirs for mine, theirs in rounds),
    }
    print(
        f"median: ours {told['ours']:.0f}, tutorial {told['tutorial']:.0f} images/s, ratio {told['ratio']:.2f} ", end=""
    )
    print(f"({torch.get_num_threads()} threads, {chosen.rows:,} pictures an epoch)")


if __name__ == "__main__":
    main()
