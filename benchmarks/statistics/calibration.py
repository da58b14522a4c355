"""How often the interval of the expected calibration error holds the true one, of networks whose true one is known.

python -m benchmarks.statistics.calibration [--repeats 200] [--draws 300]

A network says c and is right with probability c - gap, so that its calibration error is the gap in every bin.
"""

from __future__ import annotations

import argparse

import numpy as np

from vitcore.statistics.calibration import calibration_error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--draws", type=int, default=300)
    chosen = parser.parse_args()
    print(f"{chosen.repeats} test sets each, {chosen.generator} bootstrap draws; in points of percent")
    print(f"{'true error':>11}{'images':>8}{'told, mean':>12}{'low, mean':>11}{'high, mean':>12}{'held %':>8}")
    draw = np.random.default_rng(0)
    for gap in (0.0, 0.02, 0.05, 0.1):
        for images in (400, 2_000, 10_000):
            found = np.empty((chosen.repeats, 3))
            for place in range(chosen.repeats):
                confidence = 1 - 0.8 * draw.beta(0.5, 3, images)  # most are sure, from 20 % on
                right = draw.random(images) < confidence - gap
                found[place] = calibration_error(confidence, right, draws=chosen.generator)
            holding = 100 * ((found[:, 1] <= gap) & (gap <= found[:, 2])).mean()
            center, low, high = 100 * found.mean(axis=0)
            print(f"{100 * gap:11.1f}{images:8,}{center:12.2f}{low:11.2f}{high:12.2f}{holding:8.1f}", flush=True)


if __name__ == "__main__":
    main()
