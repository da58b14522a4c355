"""Test error after equal epochs: our training against the same network from stock layers, on real images.

    python -m benchmarks.model.equal_accuracy [--dataset cifar-10-jpeg] [--samples 10000] [--epochs 5] [--seeds 3]

CCT-2/3x2 on the first so many rows of each seed's own order, AdamW at a constant 0.001, batches of 128, nothing
augmented. Ours is `vitcore.training.train`; the stock layers' loop is a plain one over batches that lie in memory. Each
seed's weights are drawn by each way's own customs, so the two differ as two seeds differ.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import nn

from benchmarks.model.stock import StockCCT
from vitcore.data.load import Images, load
from vitcore.data.subsets import subset
from vitcore.spec import RunSpec
from vitcore.statistics.intervals import typical_interval
from vitcore.statistics.pairs import compare
from vitcore.training import train
from vitcore.training.evaluate import evaluate

RATE, DECAY, BATCH = 1e-3, 0.03, 128
Message = tuple[float, float]


def own(dataset: str, samples: int, epochs: int, seed: int) -> Message:
    """Test error in percent, and seconds of training."""
    spec = RunSpec.of(
        architecture="cct-2/3x2",
        dataset=dataset,
        samples=samples,
        epochs=epochs,
        evaluate_every=epochs,
        seed=seed,
        learning_rate=RATE,
        weight_decay=DECAY,
        batch_size=BATCH,
        schedule="constant",
        warmup=0,
        device="cpu",
        precision="float32",
    )
    done = train(spec, lambda line: None)
    assert done.error_percent is not None
    return done.error_percent, done.training_seconds


def stock(images: Images, samples: int, epochs: int, seed: int) -> Message:
    """The same, as one would write it."""
    torch.manual_seed(seed)
    rows = subset(len(images.train.labels), samples, replacement=False, seed=seed)
    mean, std = (torch.tensor(color).view(1, 3, 1, 1) for color in (images.mean, images.std))

    def normalize(images: torch.Tensor) -> torch.Tensor:
        return (images.float() / 255 - mean) / std

    inputs, labels = normalize(images.train.images[rows]), images.train.labels[rows]
    model = StockCCT(channels=3, image_size=inputs.shape[-1], classes=len(images.classes))
    adamw = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    began = time.perf_counter()
    for _ in range(epochs):
        for group in torch.randperm(samples).split(BATCH):
            adamw.zero_grad()
            nn.functional.cross_entropy(model(inputs[group]), labels[group]).backward()
            adamw.step()
    took = time.perf_counter() - began
    test, device = images.test, torch.device("cpu")
    scores = evaluate(model, test.images, test.labels, normalize, device=device, precision=torch.float32)
    assert scores is not None
    return scores.error_percent, took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cifar-10-jpeg")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    images = load(given.dataset)
    pairs = []
    for seed in range(given.seeds):
        measured = own(given.dataset, given.samples, given.epochs, seed)
        other = stock(images, given.samples, given.epochs, seed)
        pairs.append((measured[0], other[0]))
        print(
            f"seed {seed}: ours {measured[0]:.2f} % in {measured[1]:.0f} s, stock {other[0]:.2f} % in {other[1]:.0f} s",
            flush=True,
        )
    for who, errors in zip(("ours", "stock"), zip(*pairs, strict=True), strict=True):
        found = typical_interval(errors)
        print(f"{who:<6} {found.center:.2f} %, 95 % interval {found.low:.2f} to {found.high:.2f}")
    apart = compare(*zip(*pairs, strict=True)).difference
    print(f"ours less stock: {apart.center:+.2f} points, {apart.low:+.2f} to {apart.high:+.2f}")


if __name__ == "__main__":
    main()
