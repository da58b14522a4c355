"""How far the expected best of so many trials is off, and how often its interval holds the truth.

    python -m benchmarks.statistics.expected_best [--searches 2000] [--peeking]

Error shapes are those of searches over a learning rate: a smooth optimum; log-normal distances from the best there is;
a third of the trials stuck at 90 %; one trial in ten in a narrow good region; and whole images of 180. "drawn with
replacement" is the estimate of Dodge et al. 2019, "without" the one of Tang et al. 2020, which is used. One table
draws the trials by TPE, one after the other, and treats them as if they were independent; --peeking is what comes of
reading the comparison again and again while a search of 48 goes on, and believing the first that differs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from vitcore.search.plan import Budget, Search
from vitcore.search.sampling import Past, draw
from vitcore.search.space import Dimension
from vitcore.spec import RunSpec
from vitcore.statistics import expected_best

TRUTH = 200_000
Shape = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def smooth(draw: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Error of a quadratic bowl at a uniform draw."""
    return 5 + 30 * draw.random(size) ** 2


SHAPES: dict[str, Shape] = {
    "smooth optimum": smooth,
    "log-normal 1.0": lambda draw, size: np.minimum(100, 5 + draw.lognormal(1.5, 1.0, size)),
    "a third stuck": lambda draw, size: np.where(draw.random(size) < 1 / 3, 90.0, smooth(draw, size)),
    "one in ten good": lambda draw, size: np.where(
        draw.random(size) < 0.1, 3 + draw.random(size), 10 + 20 * draw.random(size)
    ),
    "whole images": lambda draw, size: np.round((5 + 20 * draw.random(size) ** 1.5) * 1.8) / 1.8,
}


def with_replacement(errors: np.ndarray, budget: int) -> float:
    """The estimate of Dodge et al. 2019."""
    ordered, trials = np.sort(errors), len(errors)
    at_least = (np.arange(trials, -1, -1) / trials) ** budget
    return float(ordered @ (at_least[:-1] - at_least[1:]))


def of_shape(shape: Shape, trials: int, searches: int, seed: int) -> list[str]:
    """A line a budget: bias of both estimates, and how often the interval holds the truth."""
    draw = np.random.default_rng(seed)
    known = expected_best.known_to(trials)
    drawn = shape(draw, (searches, trials))
    courses = [expected_best.expected_best_course(errors, seed=seed + at) for at, errors in enumerate(drawn)]
    lines = []
    for budget in dict.fromkeys((1, 2, known, trials // 2, trials)):
        truth = float(shape(draw, (TRUTH, budget)).min(1).mean())
        without = np.mean([course.center[budget - 1] for course in courses]) - truth
        biased = np.mean([with_replacement(errors, budget) for errors in drawn]) - truth
        within = np.mean([course.low[budget - 1] <= truth <= course.high[budget - 1] for course in courses])
        cell = f"{within:>9.1%}" if budget <= known else f"{'none':>9}"
        lines.append(f"{trials:>7} {budget:>7} {truth:>8.2f} {without:>+9.2f} {biased:>+12.2f} {cell}")
    return lines


def false_differences(shape: Shape, trials: int, searches: int, seed: int) -> float:
    """How often two arms of one shape are said to differ, at the largest budget that has an interval."""
    draw, known = np.random.default_rng(seed), expected_best.known_to(trials)
    apart = 0
    for _ in range(searches):
        found = expected_best.difference(shape(draw, (trials,)), shape(draw, (trials,)), known)
        apart += not found.low <= 0 <= found.high
    return apart / searches


def ever_apart(shape: Shape, trials: int, searches: int, seed: int) -> tuple[float, float]:
    """How often two arms of one shape are said to differ at any of the looks on the way, and at the last."""
    draw, moments = np.random.default_rng(seed), range(expected_best.FEWEST, trials + 1, 4)
    found = np.zeros((searches, len(moments)), dtype=bool)
    for at in range(searches):
        first, second = shape(draw, (trials,)), shape(draw, (trials,))
        for place, so_far in enumerate(moments):
            item = expected_best.difference(first[:so_far], second[:so_far], expected_best.known_to(so_far))
            found[at, place] = item.low > 0 or item.high < 0
    return float(found.any(1).mean()), float(found[:, -1].mean())


def by_tpe(trials: int, searches: int) -> np.ndarray:
    """Errors of searches by TPE over a learning rate with its optimum at 1e-3, (searches trials)."""
    space = (Dimension("learning_rate", 1e-5, 1e-1, True),)
    found = np.empty((searches, trials))
    for at in range(searches):
        search, past = Search((RunSpec(),), space, Budget(trials), seed=at), list[Past]()
        for number in range(trials):
            values = draw(search, (0, 0), number, 0, past)
            error = 5 + 7.5 * abs(np.log10(values["learning_rate"]) + 3) ** 2
            past.append(Past(values, error, {}))
        found[at] = [each.error for each in past]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=2_000)
    parser.add_argument("--tpe-searches", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peeking", action="store_true", help="that table alone, of a tenth of the searches")
    chosen = parser.parse_args()
    if chosen.peeking:
        print("two equal arms said to differ at any of the looks after 8, 12, ... 48 trials, and at the last")
        for name, shape in SHAPES.items():
            ever, last = ever_apart(shape, 48, chosen.searches // 10, chosen.seed)
            print(f"{name:<16} {ever:>6.1%} {last:>6.1%}", flush=True)
        return
    print(f"{chosen.searches:,} searches a line; nominal coverage 95 %, an interval up to a quarter of the trials\n")
    head = f"{'trials':>7} {'budget':>7} {'truth %':>8} {'bias':>9} {'with repl.':>12} {'coverage':>9}"
    for name, shape in SHAPES.items():
        print(f"{name}\n{head}")
        for trials in (12, 24, 48):
            print("\n".join(of_shape(shape, trials, chosen.searches, chosen.seed)))
        print()
    print("two arms of one shape said to differ, at the largest budget with an interval")
    for name, shape in SHAPES.items():
        rates = [false_differences(shape, trials, chosen.searches, chosen.seed) for trials in (12, 24, 48)]
        print(f"{name:<16} " + "  ".join(f"{rate:>6.1%}" for rate in rates) + "   (12, 24, 48 trials)")
    print(f"\nTPE's trials as if they were independent, {chosen.tpe_searches} searches of 24")
    found = by_tpe(24, chosen.tpe_searches)
    best = np.minimum.accumulate(found, axis=1).mean(0)
    treated = np.mean([expected_best.expected_best(errors) for errors in found], axis=0)
    for budget in (1, 2, 4, 8, 16, 24):
        print(f"after {budget:>2}: best so far {best[budget - 1]:>6.2f} %, estimated {treated[budget - 1]:>6.2f} %")


if __name__ == "__main__":
    main()
