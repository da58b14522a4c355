"""Test error after equal training in float32 and in bfloat16: the same seeds, networks of three families.

    python -m benchmarks.model.precision_error [--seeds 5] [--data mnist]

bfloat16 is what torch.autocast makes of it: products and convolutions in bfloat16, weights, sums, norms' statistics and
the optimizer in float32. The errors are of all test images, after the last epoch; their difference is paired by seed.
"""

from __future__ import annotations

import argparse

from vitcore.spec import RunSpec
from vitcore.statistics.pairs import compare
from vitcore.training import train
from vitcore.training.device import host

WORK = {  # network: training images and epochs
    "cct-2/3x2": (10_000, 2),
    "performer": (5_000, 2),
    "vit-lite-7/4": (3_000, 2),
}


def error(network: str, dataset: str, precision: str, seed: int) -> float:
    """Test error in percent."""
    samples, epochs = WORK[network]
    spec = RunSpec.of(
        architecture=network,
        dataset=dataset,
        samples=samples,
        epochs=epochs,
        evaluate_every=epochs,
        validation=None,
        seed=seed,
        batch_size=64,
        learning_rate=1e-3,
        device="cpu",
        precision=precision,
    )
    found = train(spec, lambda line: None).error_percent
    assert found is not None
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", default="mnist")
    given = parser.parse_args()
    print(f"{host().cpu}, torch {host().torch}, {given.data}")
    for network, (samples, epochs) in WORK.items():
        pairs = []
        for seed in range(given.seeds):
            pairs.append([error(network, given.data, precision, seed) for precision in ("bfloat16", "float32")])
            print(f"{network} seed {seed}: bfloat16 {pairs[-1][0]:.2f} %, float32 {pairs[-1][1]:.2f} %", flush=True)
        found = compare(*zip(*pairs, strict=True), images=10_000).difference
        print(
            f"{network}, {samples:,} images, {epochs} epochs: bfloat16 less float32 {found.center:+.2f} points, "
            f"95 % interval {found.low:+.2f} to {found.high:+.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
