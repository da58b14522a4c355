"""Coverage, false positives and power of the statistics, beside those of the methods they had before.

    python -m benchmarks.statistics.simulate coverage --tables 2000
    python -m benchmarks.statistics.simulate tests --tables 2000
    python -m benchmarks.statistics.simulate seeds --tables 2000
    python -m benchmarks.statistics.simulate images --tables 10000

Every figure is a share of simulated tables; its own standard error at 95 % and 2,000 tables of 6 rows is 0.2 points.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator

import numpy as np

from benchmarks.statistics import before
from benchmarks.statistics.worlds import ROWS, WORLDS, levels, seeded, spreads
from vitcore.statistics.intervals import typical_interval
from vitcore.statistics.omnibus import any_differ
from vitcore.statistics.pairs import all_pairs, compare, holm
from vitcore.statistics.same_images import Errors
from vitcore.statistics.scales import PERCENT, REAL
from vitcore.statistics.seeds_needed import more_seeds, seeds_for
from vitcore.statistics.spread import of_others

COUNTS = (2, 3, 5, 8, 20)
UNEQUAL = (6.79, 0.11, 0.075)
"""Deviations over seeds, in points, that three of the report's kernels have in its scaled protocol."""


def coverage(world: str, count: int, tables: int, *, rows: int = ROWS, unequal: bool = False) -> dict[str, float]:
    """How often an interval holds the truth, over all rows of so many tables.

    Returns:
        "before: mean" and "before: median": Student's interval in points; "now: median" and "now: mean"; "below 0": how
        often the interval of before reaches below no error; "width": of the interval of now, upper end over lower.
    """
    random, at = np.random.default_rng([count, rows, unequal, *map(ord, world)]), WORLDS[world]
    wide, covered, ratios = spreads(rows, unequal), np.zeros(5), []
    for _ in range(tables):
        middle = levels(random, rows)
        errors = [at.draw(random, level, spread, (count,)) for level, spread in zip(middle, wide, strict=True)]
        priors = of_others([PERCENT.to(row) for row in errors])
        for row, prior, level, spread in zip(errors, priors, middle, wide, strict=True):
            median, mean = at.median(level, spread), at.mean(level, spread)
            low, high = before.t_interval(row)
            now = typical_interval(row, PERCENT, spread=prior)
            covered += [low <= mean <= high, low <= median <= high, low < 0,
                     now.low <= median <= now.high, now.low <= mean <= now.high]  # fmt: skip
            ratios.append(now.high / now.low)
    names = ("before: mean", "before: median", "below 0", "now: median", "now: mean")
    return {**dict(zip(names, covered / tables / rows, strict=True)), "width": float(np.median(ratios))}


def on_test_set(images: int, count: int, tables: int) -> float:
    """Coverage where all runs are tested on the same images: their error on all images is what is to be covered."""
    random, covered = np.random.default_rng([images, count]), 0
    for _ in range(tables):
        middle = levels(random)
        luck = random.normal(size=ROWS) * np.sqrt(middle * (100 - middle) / images)
        errors = [
            np.clip(random.normal(level, 0.15 * level, count) + shift, 0, 100)
            for level, shift in zip(middle, luck, strict=True)
        ]
        priors = of_others([PERCENT.to(row, images) for row in errors])
        found = [
            typical_interval(row, PERCENT, spread=prior, images=images)
            for row, prior in zip(errors, priors, strict=True)
        ]
        covered += sum(item.low <= level <= item.high for item, level in zip(found, middle, strict=True))
    return covered / tables / ROWS


def differing(deviations: tuple[float, ...], count: int, tables: int, shift: float = 0.0) -> dict[str, float]:
    """How often rows are said to differ: false positives where `shift` is 0, else power.

    Args:
        shift: how much more than the others the last row errs, in its own deviations.
    """
    random = np.random.default_rng([count, len(deviations), int(10 * shift)])
    found = np.zeros(5)
    for _ in range(tables):
        values = seeded(random, np.array(deviations), count)
        values[-1] += shift * deviations[-1]
        rows = {str(place): dict(enumerate(row)) for place, row in enumerate(values)}
        p = [pair.p for pair in all_pairs(rows, PERCENT).values()]
        found += [
            before.f_test(values) < 0.05, before.friedman(values, random) <= 0.05,
            before.permutation(values, random) <= 0.05, min(holm(before.against_reference(values))) < 0.05,
            any_differ(p) < 0.05,
        ]  # fmt: skip
    names = ("F-test", "Friedman", "permutation", "against the first", "any pair, Holm")
    return dict(zip(names, found / tables, strict=True))


def seeds(count: int, size: float, tables: int) -> dict[str, float]:
    """How often the seeds still needed are told rightly from so many pilots, where the true difference is `size`."""
    random, needed = np.random.default_rng([count, int(100 * size)]), seeds_for(size)
    assert needed is not None
    covered, within = 0, 0
    for _ in range(tables):
        differences = random.normal(size, 1, count)
        needs = more_seeds(compare(differences, np.zeros(count), REAL))
        assert needs is not None
        covered += needs.fewest <= max(0, needed - count) <= (math.inf if needs.most is None else needs.most)
        within += needed / 2 <= before.seeds_needed(differences) <= 2 * needed
    return {"needed": needed, "before: within a factor of 2": within / tables, "now: in the range": covered / tables}


def on_same_images(images: int, rates: tuple[float, float], shared: float, experiments: int) -> dict[str, float]:
    """Two runs on the same images: how often an interval holds the true difference, and how often p is below 5 %.

    Args:
        rates: of the errors of both.
        shared: which share of the rarer run's errors are the other's too.
    """
    random = np.random.default_rng([images, *(int(1e4 * each) for each in (*rates, shared))])
    both = shared * min(rates)
    cells = (both, rates[0] - both, rates[1] - both)
    counts, many = np.unique(
        random.multinomial(images, (*cells, 1 - sum(cells)), size=experiments), axis=0, return_counts=True
    )
    found = np.zeros(4)
    for (twice, first, second, _), times in zip(counts, many, strict=True):
        errors, apart = Errors(images, int(twice), int(first), int(second)), rates[0] - rates[1]
        interval = errors.difference()
        own = [(twice + alone) / images for alone in (first, second)]
        wald = 1.96 * math.sqrt(sum(rate * (1 - rate) for rate in own) / images)
        found += times * np.array(
            [interval.low <= apart <= interval.high, abs(own[0] - own[1] - apart) <= wald, errors.p < 0.05,
             interval.high - interval.low]
        )  # fmt: skip
    return dict(zip(("held", "unpaired", "p", "width"), found / experiments, strict=True))


def _image_lines(experiments: int) -> Iterator[str]:
    yield "Two runs on the same test images. Nominal 95 % and 5 %; unpaired: two binomial errors added (Wald)."
    yield f"{'images':>7}{'errors':>16}{'shared':>8}{'held':>9}{'unpaired':>10}{'p < 5 %':>9}{'width':>8}"
    for images in (360, 10_000):
        for rates in ((0.01, 0.01), (0.1, 0.1), (0.5, 0.5), (0.02, 0.01), (0.12, 0.1)):
            for shared in (0.0, 0.5, 0.9):
                item = on_same_images(images, rates, shared, experiments)
                yield (
                    f"{images:7,}{rates[0]:8.0%}{rates[1]:8.0%}{shared:8.0%}{item['held']:9.1%}{item['unpaired']:10.1%}"
                    f"{item['p']:9.1%}{100 * item['width']:8.2f}"
                )


def _coverage_lines(tables: int) -> Iterator[str]:
    yield "Nominal 95 %. Median: of all seeds, what is promised now. Mean: what was promised before."
    yield f"{'world':16}{'rows':>18}{'n':>4}  before: mean  median  below 0 | now: median  (mean)  high/low"
    for name in WORLDS:
        for rows, unequal, label in ((ROWS, False, "6 alike"), (ROWS, True, "6 unequal"), (1, False, "1 alone")):
            for count in COUNTS:
                item = coverage(name, count, tables * (1 if rows > 1 else 3), rows=rows, unequal=unequal)
                yield (
                    f"{name:16}{label:>18}{count:4}{item['before: mean']:14.1%}{item['before: median']:8.1%}"
                    f"{item['below 0']:9.1%} |{item['now: median']:12.1%}{item['now: mean']:8.1%}{item['width']:10.2f}"
                )
    yield "\nThe error on all images, where a table's runs are tested on the same few (normal, 6 rows alike):"
    for images in (360, 10_000):
        shares = ", ".join(f"n = {count}: {on_test_set(images, count, tables):.1%}" for count in COUNTS)
        yield f"{images:6,} images   {shares}"


def _test_lines(tables: int) -> Iterator[str]:
    names = ("F-test", "Friedman", "permutation", "against the first", "any pair, Holm")
    yield "How often rows are said to differ, at 5 %. Before: F-test, and each row against the first alone."
    yield f"{'deviations':30}{'truth':>18}{'n':>4}" + "".join(f"{name:>19}" for name in names)
    for deviations in (UNEQUAL, (*UNEQUAL, 0.1, 0.1), (1.0,) * 3, (1.0,) * 5):
        for shift, truth in ((0.0, "equal"), (3.0, "last 3 off")):
            for count in (3, 5, 8, 20):
                item = differing(deviations, count, tables, shift)
                yield f"{', '.join(map(str, deviations)):30}{truth:>18}{count:4}" + "".join(
                    f"{item[name]:19.1%}" for name in names
                )


def _seed_lines(tables: int) -> Iterator[str]:
    yield "Seeds still needed for power 0.8 at 5 %: before one number, now a range that is to hold in 80 %."
    for count in (3, 5, 8):
        for size in (0.5, 1.0, 1.5):
            item = seeds(count, size, tables)
            yield (
                f"{count} pilots, a true difference of {size} deviations ({item['needed']:.0f} needed): within a "
                f"factor of 2 before {item['before: within a factor of 2']:.1%}, "
                f"in the range now {item['now: in the range']:.1%}"
            )


PARTS = {"coverage": _coverage_lines, "tests": _test_lines, "seeds": _seed_lines, "images": _image_lines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--tables", type=int, default=2_000, help="simulated tables, or experiments")
    asked = parser.parse_args()
    print(f"python -m benchmarks.statistics.simulate {asked.part} --tables {asked.tables}\n")
    for line in PARTS[asked.part](asked.tables):
        print(line, flush=True)


if __name__ == "__main__":
    main()
