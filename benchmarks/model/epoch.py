"""Our whole epoch against a tutorial's, data and augmentation included: CCT-2/3x2 on CIFAR-sized images.

    python -m benchmarks.model.epoch [--rows 2000] [--repeats 5] [--precision float32]

The tutorial: a Dataset of PIL images, per-image torchvision transforms (crop, flip, to tensor, normalize), a
DataLoader, stock layers (nn.MultiheadAttention), AdamW, `loss.item()` every step, in float32. Ours:
`vitcore.training.train`, in float32 too or in what `auto` comes to here. Both with the same threads, each in a process
of its own, taking turns; the median of the ratios counts.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.model.stock import StockCCT
from benchmarks.model.taking_turns import Measure, apart
from vitcore.data.load import Images, Split
from vitcore.spec import RunSpec
from vitcore.training import loop, state
from vitcore.vision import torchvision

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
CLASSES = tuple(str(number) for number in range(10))


class TutorialDataset(Dataset[tuple[Tensor, int]]):
    """A tutorial's dataset: one PIL image at a time, through its transforms."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        v2 = torchvision.transforms
        self._decoded = [v2.functional.to_pil_image(image) for image in images]
        self._labels = labels.tolist()
        self._transform = v2.Compose(
            [v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip(), v2.ToTensor(), v2.Normalize(MEAN, STD)]
        )

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        return self._transform(self._decoded[row]), self._labels[row]


def pixels(rows: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (rows, 3, 32, 32), dtype=torch.uint8, generator=generator)
    return images, torch.randint(10, (rows,), generator=generator)


def tutorial(rows: int, workers: int) -> Measure:
    """Images a second of one epoch, written as tutorials write it."""
    dataset = TutorialDataset(*pixels(rows))

    def epoch() -> float:
        torch.manual_seed(0)
        model = StockCCT(channels=3, image_size=32, classes=10)
        optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.03)
        loader = DataLoader(dataset, batch_size=128, shuffle=True, num_workers=workers)
        started = time.perf_counter()
        model.train()
        running = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            running += loss.item()
        return rows / (time.perf_counter() - started)

    return epoch


def own_epoch(rows: int, precision: str) -> Measure:
    """Images a second of one epoch of `train`, as it reports them."""
    images, labels = pixels(rows)
    known = Images(Split(images, labels), Split(images[:100], labels[:100]), CLASSES, MEAN, STD)
    state.load = lambda *_: known
    spec = RunSpec.of(
        architecture="cct-2/3x2", dataset="cifar-10", epochs=1, crop=4, flip=True, device="cpu", precision=precision
    )
    return lambda: loop.train(spec, lambda line: None).images_per_second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0, help="DataLoader processes of the tutorial's loop")
    parser.add_argument("--precision", default="float32", help="ours: float32, bfloat16 or auto")
    chosen = parser.parse_args()
    pairs: list[tuple[float, float]] = []
    with (
        apart(own_epoch, chosen.rows, chosen.precision) as own,
        apart(tutorial, chosen.rows, chosen.workers) as published,
    ):
        for _ in range(chosen.repeats):
            pairs.append((own(), published()))
            print("ours {:7.0f}   tutorial {:7.0f} images/s".format(*pairs[-1]), end="   ")
            print(f"ratio {pairs[-1][0] / pairs[-1][1]:.2f}", flush=True)
    first, second = (statistics.median(speeds) for speeds in zip(*pairs, strict=True))
    ratio = statistics.median(left / right for left, right in pairs)
    print(f"median: ours {first:.0f}, tutorial {second:.0f} images/s, ratio {ratio:.2f} ", end="")
    print(f"({torch.get_num_threads()} threads, {chosen.rows:,} images an epoch, ours in {chosen.precision})")


if __name__ == "__main__":
    main()
