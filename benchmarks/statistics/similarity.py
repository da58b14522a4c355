"""How often the interval of centered kernel alignment holds the true value, and what chance alone makes of it.

    python -m benchmarks.statistics.similarity [--draws 400]

Two layers are linear maps of one Gaussian, so that the true alignment is known in closed form:
|A'B|² / (|A'A| |B'B|) in Frobenius norms. Images come in blocks of 64, as the runs' do.
"""

from __future__ import annotations

import argparse

import numpy as np

from vitcore.statistics.similarity import alignment, gram

BLOCK = 64
WORLDS = (  # shared dimensions, width of the layers, blocks
    (0, 16, 8),
    (0, 256, 8),
    (8, 16, 8),
    (8, 256, 8),
    (64, 256, 8),
    (64, 256, 4),
    (256, 256, 8),
)


def world(shared: int, width: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Maps of (2 width) Gaussians to two layers that have `shared` of them in common, and the true alignment."""
    scales = 1 / np.sqrt(np.arange(1, width + 1))  # as features' spectra fall
    first, second = np.zeros((2 * width, width)), np.zeros((2 * width, width))
    first[:width] = np.diag(scales) @ np.linalg.qr(random.normal(size=(width, width)))[0]
    there = np.concatenate([np.arange(shared), width + np.arange(width - shared)])
    second[there] = np.diag(scales) @ np.linalg.qr(random.normal(size=(width, width)))[0]
    true = np.sum((first.T @ second) ** 2) / np.sqrt(np.sum((first.T @ first) ** 2) * np.sum((second.T @ second) ** 2))
    return first, second, float(true)


def plain(x: np.ndarray, y: np.ndarray) -> float:
    """The biased estimator over all images, for comparison."""
    x, y = x - x.mean(0), y - y.mean(0)
    return float(np.sum((x.T @ y) ** 2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400)
    draws = parser.parse_args().draws
    random = np.random.default_rng(0)
    print("shared  width  images   true   mean of unbiased   mean of plain   interval holds the true value")
    for shared, width, blocks in WORLDS:
        first, second, true = world(shared, width, random)
        centers, plains, covered = [], [], 0
        for _ in range(draws):
            base = random.normal(size=(blocks * BLOCK, 2 * width))
            x, y = base @ first, base @ second
            kernels = [np.stack([gram(part) for part in np.split(each, blocks)]) for each in (x, y)]
            found = alignment(*kernels)
            centers.append(found.center)
            plains.append(plain(x, y))
            covered += found.low <= true <= found.high
        means = f"{np.mean(centers):16.3f} {np.mean(plains):15.3f}"
        row = f"{shared:6d} {width:6d} {blocks * BLOCK:7d}  {true:5.3f}   {means}"
        print(f"{row}   {100 * covered / draws:5.1f} % of {draws}")


if __name__ == "__main__":
    main()
