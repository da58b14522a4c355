"""What a cell's own runs say of the published number: reproduced, within noise, contradicted, or why nothing yet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import scipy.stats

from vitcore.published.tables import METRICS, PublishedCell, tables
from vitcore.statistics.intervals import Interval, NoiseFloor, noise_floor

MACS_TOLERANCE = 0.05
"""Counters differ in what they count beside convolutions, linear layers and attention products (norms, activations)."""


class Verdict(StrEnum):
    """What runs say of a published number."""

    REPRODUCED = "reproduced"
    WITHIN_NOISE = "within noise"
    CONTRADICTED = "contradicted"
    UNDECIDED = "undecided"
    NOT_COMPARED = "not compared"
    NOT_PUBLISHED = "not published"
    NOT_RUN = "not run"

    def label(self, scaled: bool) -> str:
        """As it stands in a table of results, some of which are scaled."""
        judged = self not in (Verdict.NOT_RUN, Verdict.NOT_COMPARED, Verdict.NOT_PUBLISHED, Verdict.UNDECIDED)
        return f"{self.word(scaled)} (scaled)" if scaled and judged else self.word(scaled)

    def word(self, scaled: bool) -> str:
        """The verdict alone: a scaled run neither reproduces nor contradicts another protocol's number."""
        return {"reproduced": "agrees", "contradicted": "differs"}.get(self.value, self.value) if scaled else self.value


@dataclass(frozen=True)
class Judgement:
    """A verdict, and the sentence that says why."""

    verdict: Verdict
    why: str
    noise: float = math.nan  # the largest difference that noise explains, in the published unit


def judge_result(
    published: PublishedCell, ours: Interval, count: int, theirs: NoiseFloor, own: NoiseFloor
) -> Judgement:
    """A measured mean over `count` seeds against one published run.

    Reproduced: at least two seeds, and nearer than the standard deviation of one run. Within noise: nearer than what
    the noise of the published run and of our mean explain at 95 %. Contradicted: farther.

    Args:
        theirs: the published table's noise, no degrees of freedom where it has no pair that is mathematically the same.
        own: our noise, pooled over the seeds of the whole table.
    """
    if published.bound:
        return _judge_bound(published, ours)
    known = theirs if theirs.degrees else own
    if not known.degrees:
        return Judgement(Verdict.UNDECIDED, "one run and no known spread: another seed would tell what it is worth")
    spread = own.deviation if own.degrees else theirs.deviation
    t = float(scipy.stats.t.ppf(0.975, known.degrees))
    noise = t * math.sqrt(known.deviation**2 + spread**2 / count)
    gap = abs(ours.mean - published.value)
    by = f"differs by {gap:.3g}, where noise explains up to {noise:.3g}"
    if gap > noise:
        return Judgement(Verdict.CONTRADICTED, by, noise)
    if count >= 2 and gap <= known.deviation:
        return Judgement(Verdict.REPRODUCED, f"{by}; one run's own spread is {known.deviation:.3g}", noise)
    return Judgement(Verdict.WITHIN_NOISE, by if count >= 2 else f"{by}; one seed confirms nothing", noise)


def judge_count(published: PublishedCell, ours: float, metric: str) -> Judgement:
    """An exact count against a rounded (or cut) one: within one unit of its last digit; MACs also within 5 %."""
    if published.bound:
        return _judge_bound(published, Interval(ours, ours, ours))
    gap, unit = abs(ours - published.value), last_digit(published.printed)
    share = gap / published.value
    if gap <= unit * 1.001:
        return Judgement(Verdict.REPRODUCED, f"the same to the {published.printed!r} that is printed")
    if metric == "macs" and share <= MACS_TOLERANCE:
        return Judgement(Verdict.REPRODUCED, f"{share:.1%} apart: counters differ in what they count beside products")
    return Judgement(Verdict.CONTRADICTED, f"{ours:.4g} counted, {published.printed} printed")


def _judge_bound(published: PublishedCell, ours: Interval) -> Judgement:
    """A number printed as a bound ("< 0.01")."""
    low, high = (ours.mean if math.isnan(end) else end for end in (ours.low, ours.high))
    inside, outside = high < published.value, low > published.value
    if published.bound == "above":
        inside, outside = low > published.value, high < published.value
    said = f"{ours.mean:.4g}, where the report says {published.bound} {published.printed}"
    verdict = Verdict.REPRODUCED if inside else Verdict.CONTRADICTED if outside else Verdict.WITHIN_NOISE
    return Judgement(verdict, said)


def last_digit(printed: str) -> float:
    """What one unit of the last printed digit is worth: 0.01 for "6.09"."""
    return 10.0 ** -len(printed.partition(".")[2])


@lru_cache(maxsize=16)
def published_floor(report: str) -> NoiseFloor:
    """Noise of one published run: pooled over a report's pairs of rows that are mathematically the same."""
    pairs = []
    for table in tables().values():
        errors = [column.key for column in table.columns if METRICS[column.metric].source == "error_percent"]
        for first, second in table.same if table.report == report else []:
            cells = [(table.cell(first, column), table.cell(second, column)) for column in errors]
            pairs += [(a.value, b.value) for a, b in cells if a and b]
    return noise_floor(pairs)
