"""What a cell's own runs say of the published number, in one vocabulary for every table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np

from vitcore.published.metrics import METRICS
from vitcore.published.parts import PublishedCell
from vitcore.published.tables import tables
from vitcore.statistics.intervals import Interval, t_limit
from vitcore.statistics.noise import NoiseFloor, noise_floor
from vitcore.statistics.pairs import FEWEST_PAIRS
from vitcore.statistics.scales import PERCENT, Scale
from vitcore.statistics.spread import UNKNOWN, Spread

MACS_TOLERANCE = 0.05
"""Counters differ in what they count beside convolutions, linear layers and attention products (norms, activations)."""

MARGIN = math.log(1.5)
"""Nearer than this to a published number, in log odds of an error, is agreement: 6.0 % agrees with 4.1 to 8.7 %."""

ASSUMED = Spread(0.5**2, 3.0, 3.0)
"""Spread of single runs where neither side tells of any: of our own runs of the Performer report only softmax's three
seeds lie as far apart in log odds (0.87; the others 0.03 to 0.04), so that it errs on the side of saying less."""


class Verdict(StrEnum):
    """What runs say of a published number; VOCABULARY explains each."""

    AGREES = "agrees"
    DIFFERS = "differs"
    OPEN = "open"
    DIVERGED = "diverged"
    NOT_COMPARED = "not compared"
    NOT_PUBLISHED = "not published"
    NOT_RUN = "not run"


VOCABULARY: dict[Verdict, str] = {
    Verdict.AGREES: "shown to be near: with three seeds or more, the odds of an error lie within a factor of 1.5 of "
    "the published, noise of both sides included; a count rounds to what is printed",
    Verdict.DIFFERS: "farther from the published number than the noise of both sides explains at 95 %",
    Verdict.OPEN: "neither is shown: too few seeds, or too much noise",
    Verdict.DIVERGED: "every run of ours diverged, so there is no result to compare",
    Verdict.NOT_COMPARED: "seconds of another machine; or a scaled run, which tests claims and never numbers",
    Verdict.NOT_PUBLISHED: "the report prints no number here",
    Verdict.NOT_RUN: "no run of ours has a result here yet",
}
"""The one vocabulary, explained once."""


@dataclass(frozen=True)
class Judgment:
    """A verdict, and the sentence that says why."""

    verdict: Verdict
    why: str
    noise: Interval | None = None  # what noise alone explains about the published number, in its unit


@dataclass(frozen=True)
class MeasuredCell:
    """A cell's own runs, for a verdict: their median, on which scale, over how many seeds, and how far these vary.

    `variance` is that of a single run on the scale with its `degrees` of freedom; no degrees: not known.
    """

    center: Interval
    count: int
    scale: Scale = PERCENT
    variance: float = math.nan
    degrees: float = 0.0
    images: int | None = None


def judge_result(published: PublishedCell, measured: MeasuredCell, published_noise: Spread = UNKNOWN) -> Judgment:
    """Our seeds' median against one published run, on the scale of log odds.

    Differs: farther than the noise of the published run and of our median explain at 95 % (Welch's degrees of freedom:
    the two spreads are not one). Agrees: three seeds or more, and the 90 % interval of the difference lies within
    MARGIN (two one-sided tests, Schuirmann 1987). Else open.

    Args:
        theirs: the spread of a published run, UNKNOWN where the report has no pair that is mathematically the same.
    """
    if published.bound:
        return _judge_bound(published, measured.center)
    scale, images = measured.scale, measured.images
    least = scale.resolution(published.value, images)
    own = (measured.variance, measured.degrees) if measured.degrees else (ASSUMED.variance, ASSUMED.degrees)
    single = (published_noise.variance, published_noise.degrees) if published_noise.degrees else own
    at, center = float(scale.to(published.value, images)), float(scale.to(measured.center.center, images))
    rounding = _rounding(published, scale, images)
    parts = [(max(single[0], least) + rounding, single[1]), (max(own[0], least) / measured.count, own[1])]
    variance = sum(part for part, _ in parts)
    degrees = variance**2 / sum(part**2 / degree for part, degree in parts)
    error, gap = math.sqrt(variance), abs(center - at)
    reach = t_limit(0.95, degrees) * error
    low, high = (float(end) for end in scale.back([at - reach, at + reach], images))
    noise = Interval(published.value, low, high)
    by = f"{measured.center.center:.3g}, where noise of both sides explains {low:.3g} to {high:.3g}"
    if gap > reach:
        return Judgment(Verdict.DIFFERS, by, noise)
    if measured.count < FEWEST_PAIRS:
        return Judgment(Verdict.OPEN, f"{by}; fewer than {FEWEST_PAIRS} seeds show no agreement", noise)
    if gap + t_limit(0.90, degrees) * error <= MARGIN:
        return Judgment(Verdict.AGREES, by, noise)
    return Judgment(Verdict.OPEN, f"{by}; that is too wide to show agreement", noise)


def _rounding(published: PublishedCell, scale: Scale, images: int | None) -> float:
    """Variance that rounding to the last printed digit has, on the scale."""
    unit = last_digit(published.printed) * (published.value / float(published.printed) if published.value else 1.0)
    low, high = (float(scale.to(published.value + half * unit, images)) for half in (-0.5, 0.5))
    return (high - low) ** 2 / 12


def judge_count(published: PublishedCell, measured: float, metric: str) -> Judgment:
    """An exact count against a rounded one: within half a unit of its last digit ("8" million: 7.5 to 8.5).

    A number of two digits or more may also have been cut ("3.76" of 3.767); MACs also agree within 5 %.
    """
    if published.bound:
        inside = measured < published.value if published.bound == "below" else measured > published.value
        text = f"{measured:.4g}, where the report says {published.bound} {published.printed}"
        return Judgment(Verdict.AGREES if inside else Verdict.DIFFERS, text)
    gap, unit = measured - published.value, last_digit(published.printed)
    share = abs(gap) / published.value
    if abs(gap) <= unit / 2 * 1.001:
        return Judgment(Verdict.AGREES, f"the same to the {published.printed!r} that is printed")
    if len(published.printed.replace(".", "").lstrip("0")) > 1 and 0 <= gap < unit:
        return Judgment(Verdict.AGREES, f"{published.printed!r} is it cut, not rounded")
    if metric == "macs" and share <= MACS_TOLERANCE:
        return Judgment(Verdict.AGREES, f"{share:.1%} apart: counters differ in what they count beside products")
    return Judgment(Verdict.DIFFERS, f"{measured:.4g} counted, {published.printed} printed")


def _judge_bound(published: PublishedCell, measured: Interval) -> Judgment:
    """A result printed as a bound ("below 0.95"): what lies within it shows nothing, since nearly all results do."""
    low, high = (measured.center if math.isnan(end) else end for end in (measured.low, measured.high))
    outside = low > published.value if published.bound == "below" else high < published.value
    text = f"{measured.center:.4g}, where the report says {published.bound} {published.printed}"
    if outside:
        return Judgment(Verdict.DIFFERS, text)
    return Judgment(Verdict.OPEN, f"{text}: nearly every result fits that, so it is no evidence of agreement")


def last_digit(printed: str) -> float:
    """What one unit of the last printed digit is worth: 0.01 for "6.09"."""
    return 10.0 ** -len(printed.partition(".")[2])


@lru_cache(maxsize=16)
def published_floor(report: str) -> NoiseFloor:
    """Noise of one published run in points: over a report's pairs of rows that are mathematically the same."""
    return noise_floor(_same_pairs(report))


@lru_cache(maxsize=16)
def published_spread(report: str) -> Spread:
    """The same in log odds; UNKNOWN where the report has no such pair."""
    pairs = _same_pairs(report)
    if not pairs:
        return UNKNOWN
    apart = np.diff(PERCENT.to(pairs), axis=1)
    return Spread(float((apart**2).mean() / 2), float(len(pairs)), float(len(pairs)))


def _same_pairs(report: str) -> list[tuple[float, float]]:
    pairs = []
    for table in tables().values():
        errors = [column.key for column in table.columns if METRICS[column.metric].source == "error_percent"]
        for first, second in table.equivalent if table.report == report else []:
            cells = [(table.cell(first, column), table.cell(second, column)) for column in errors]
            pairs += [(a.value, b.value) for a, b in cells if a and b]
    return pairs
