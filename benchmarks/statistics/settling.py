"""How often `settle` is wrong, and how many pairs it needs: 10,000 questions looked at after each of up to 50 pairs.

    python -m benchmarks.statistics.settling [--questions 10000]

Error shapes are those seen in this project's runs: normal; log-normal (sigma 0.8, 1.2), as of networks that sometimes
learn late; and contaminated, where one run in six is stuck twenty deviations away. "both" draws two settings of one
shape; "one" lays a setting of that shape beside one that always has its mean error: nothing differs in the mean, but
the differences are as skewed as the shape, which the method does not assume.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import scipy.stats

from vitcore.statistics.sequential import LEAST_PAIRS, half_width

PAIRS = 50
ALPHA = 0.05
Shape = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]

SHAPES: dict[str, Shape] = {
    "normal": lambda draw, size: draw.normal(size=size),
    "log-normal 0.8": lambda draw, size: draw.lognormal(0, 0.8, size) - np.exp(0.32),
    "log-normal 1.2": lambda draw, size: draw.lognormal(0, 1.2, size) - np.exp(0.72),
    "contaminated": lambda draw, size: draw.normal(size=size) + 20 * (draw.random(size) < 1 / 6) - 20 / 6,
}


def intervals(differences: np.ndarray, width: Callable[[int], float]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and half the width after `LEAST_PAIRS` and more pairs: two arrays (questions, pairs)."""
    pairs = np.arange(1, differences.shape[1] + 1)
    mean = differences.cumsum(1) / pairs
    spread = np.sqrt(np.maximum((differences**2).cumsum(1) - pairs * mean**2, 0) / np.maximum(pairs - 1, 1))
    known = slice(LEAST_PAIRS - 1, None)
    factors = np.array([width(int(n)) for n in pairs[known]])
    with np.errstate(invalid="ignore"):  # an interval of no spread and no end
        return mean[:, known], np.nan_to_num(spread[:, known] * factors, nan=np.inf)


def sequential(pairs: int) -> float:
    """Half the width of the confidence sequence for a spread of one."""
    return half_width(pairs, 1.0, ALPHA)


def fixed(pairs: int) -> float:
    """Half the width of the t-interval for a number of pairs fixed beforehand."""
    return float(scipy.stats.t.ppf(1 - ALPHA / 2, pairs - 1) / np.sqrt(pairs))


def false_differs(differences: np.ndarray, width: Callable[[int], float]) -> float:
    """How often the interval leaves zero at any look, where the true mean is zero."""
    mean, reach = intervals(differences, width)
    return float((np.abs(mean) > reach).any(1).mean())


def false_equivalent(differences: np.ndarray, margin: float, width: Callable[[int], float]) -> float:
    """How often the interval lies within the margin at any look, where the true mean is the margin itself."""
    mean, reach = intervals(differences + margin, width)
    return float((np.abs(mean) + reach < margin).any(1).mean())


def pairs_needed(differences: np.ndarray, effect: float) -> tuple[float, float]:
    """Median pairs until the interval leaves zero, and how often it does within `PAIRS`."""
    mean, reach = intervals(differences + effect, sequential)
    settled = np.abs(mean) > reach
    first = np.where(settled.any(1), settled.argmax(1) + LEAST_PAIRS, np.inf)
    return float(np.median(first)), float(np.isfinite(first).mean())


def fixed_pairs(effect: float, power: float) -> int:
    """Pairs that a paired t-test fixed beforehand needs for this power, if the effect were known."""
    for pairs in range(2, 1000):
        bound, shift = scipy.stats.t.ppf(1 - ALPHA / 2, pairs - 1), effect * np.sqrt(pairs)
        if scipy.stats.nct.sf(bound, pairs - 1, shift) >= power:
            return pairs
    return 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw, size = np.random.default_rng(arguments.seed), (arguments.questions, PAIRS)
    print(
        f"{arguments.questions:,} questions a line, looked at after each of up to {PAIRS} pairs; nominal {ALPHA:.0%}\n"
    )
    print(f"{'false, in %':<24} {'differs':>8} {'t-test each time':>17} {'equivalent':>11} {'t-test each time':>17}")
    for name, shape in SHAPES.items():
        for arms in ("both", "one"):
            differences = shape(draw, size) - (shape(draw, size) if arms == "both" else 0)
            margin = float(differences.std()) / 2
            rates = [
                false_differs(differences, sequential),
                false_differs(differences, fixed),
                false_equivalent(differences, margin, sequential),
                false_equivalent(differences, margin, fixed),
            ]
            print(f"{f'{name}, {arms}':<24} {rates[0]:>8.2%} {rates[1]:>17.2%} {rates[2]:>11.2%} {rates[3]:>17.2%}")
    print(f"\n{'pairs to a difference':<24} {'median':>8} {'settled by 50':>14} {'t-test, power 50 %':>19} {'80 %':>6}")
    for effect in (0.5, 1.0, 1.5, 2.0, 3.0, 5.0):
        median, share = pairs_needed(draw.normal(size=size), effect)
        known = fixed_pairs(effect, 0.5), fixed_pairs(effect, 0.8)
        print(f"{f'{effect} deviations':<24} {median:>8.0f} {share:>14.1%} {known[0]:>19} {known[1]:>6}")


if __name__ == "__main__":
    main()
