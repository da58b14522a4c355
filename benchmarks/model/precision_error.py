"""Test error after equal training in float32 and in bfloat16: the same seeds, networks of three families.

    python -m benchmarks.model.precision_error [--network performer] [--data mnist]

bfloat16 is what torch.autocast makes of it: products and convolutions in bfloat16, weights, sums, norms' statistics and
the optimizer in float32. The errors are of all test images, after the last epoch; their difference is paired by seed.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

from vitcore.spec import RunSpec
from vitcore.statistics.pairs import compare
from vitcore.training import train
from vitcore.training.device import host


class Work(NamedTuple):
    """An equal training: enough of it that something is learned, and seeds by how far they lie apart."""

    samples: int
    epochs: int
    learning_rate: float
    seeds: int


WORK = {
    "cct-2/3x2": Work(10_000, 2, 1e-3, seeds=5),
    "performer": Work(10_000, 4, 3e-3, seeds=16),
    "vit-lite-7/4": Work(2_000, 2, 1e-3, seeds=5),
}


def error(network: str, dataset: str, precision: str, seed: int) -> float:
    """Test error in percent."""
    work = WORK[network]
    spec = RunSpec.of(
        architecture=network,
        dataset=dataset,
        samples=work.samples,
        epochs=work.epochs,
        evaluate_every=work.epochs,
        validation=None,
        seed=seed,
        batch_size=64,
        learning_rate=work.learning_rate,
        device="cpu",
        precision=precision,
    )
    found = train(spec, lambda line: None).error_percent
    assert found is not None
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=WORK, help="this alone")
    parser.add_argument("--data", default="mnist")
    given = parser.parse_args()
    print(f"{host().cpu}, torch {host().torch}, {given.data}")
    for network in [given.network] if given.network else WORK:
        work, pairs = WORK[network], []
        for seed in range(work.seeds):
            pairs.append([error(network, given.data, precision, seed) for precision in ("bfloat16", "float32")])
            print(f"{network} seed {seed}: bfloat16 {pairs[-1][0]:.2f} %, float32 {pairs[-1][1]:.2f} %", flush=True)
        found = compare(*zip(*pairs, strict=True), images=10_000).difference
        print(
            f"{network}, {work.samples:,} images, {work.epochs} epochs: bfloat16 less float32 "
            f"{found.center:+.2f} points, 95 % interval {found.low:+.2f} to {found.high:+.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
