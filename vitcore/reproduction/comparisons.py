"""Rows of a table against each other, seed by seed: intervals, Holm over the table, seeds still needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.stats

from vitcore.cost.speed import Speed
from vitcore.reproduction.tables import Result, ResultTable
from vitcore.statistics.intervals import (
    Interval,
    holm,
    more_seeds,
    paired_interval,
    paired_p,
    probability_of_improvement,
)

COLUMNS = [
    "column", "row", "against", "seeds", "difference", "low", "high", "p", "p_holm",
    "better", "better_low", "better_high", "more_seeds", "minutes",
]  # fmt: skip

Block = tuple[str, int]  # a column and a seed: runs of one block share data, weights and order


def comparisons(result: ResultTable, runs: pd.DataFrame, reference: str | None = None) -> pd.DataFrame:
    """Every row that learns against the reference row, in every result column.

    Of two rows that are one function only the first is compared: a test made twice would count twice in Holm's
    correction. Collapsed rows are left out: what happened to them is no matter of statistics.

    Returns:
        One line a pair with at least one common seed. `difference` is row - reference in the column's unit with its
        95 % interval; `p_holm` is corrected over all lines; `better` is the probability that a run of the row beats one
        of the reference; `more_seeds` would settle the pair if the truth is as seen, in `minutes` for both together.
    """
    reference = reference or result.table.reference
    speed = Speed(runs, result.machine or None)
    twice = {second for _, second in result.table.same}
    lines: list[dict[str, object]] = []
    for column in result.table.columns:
        for row in result.table.rows if reference else []:
            mine, theirs = result.at(row.key, column.key), result.at(reference, column.key)
            if row.key not in (reference, *twice) and mine.metric.kind == "result" and not mine.diverged:
                lines += _line(mine, theirs, speed)
    frame = pd.DataFrame(lines, columns=COLUMNS)
    frame["p_holm"] = holm(frame["p"].to_numpy(dtype=float))
    return frame


def _line(mine: Result, theirs: Result, speed: Speed) -> list[dict[str, object]]:
    seeds = sorted(set(mine.values) & set(theirs.values))
    if not seeds:
        return []
    a, b = [mine.values[seed] for seed in seeds], [theirs.values[seed] for seed in seeds]
    gap = paired_interval(a, b)
    better = probability_of_improvement(a, b) if mine.metric.better == "lower" else probability_of_improvement(b, a)
    more = more_seeds(a, b)
    each = [speed.seconds(spec) for spec in (mine.spec, theirs.spec) if spec is not None]
    known = [one for one in each if one is not None]
    return [
        {
            "column": mine.column.title,
            "row": mine.row.label,
            "against": theirs.row.label,
            "seeds": len(seeds),
            "difference": gap.mean,
            "low": gap.low,
            "high": gap.high,
            "p": paired_p(a, b),
            "better": better.mean,
            "better_low": better.low,
            "better_high": better.high,
            "more_seeds": more,
            "minutes": more * sum(known) / 60 if more is not None and len(known) == 2 else math.nan,
        }
    ]


def blocks(result: ResultTable, row: str) -> dict[Block, float]:
    """A row's learning runs by column and seed (result columns only; collapsed runs left out)."""
    found: dict[Block, float] = {}
    for column in result.table.columns:
        one = result.at(row, column.key)
        if one.metric.kind == "result" and not one.diverged:
            found |= {(column.key, seed): value for seed, value in one.values.items()}
    return found


def paired_over_blocks(a: Mapping[Block, float], b: Mapping[Block, float]) -> tuple[Interval, float, int]:
    """Mean of a - b over the blocks that both have, its p, and how many there are."""
    shared = sorted(set(a) & set(b))
    first, second = [a[block] for block in shared], [b[block] for block in shared]
    return paired_interval(first, second), paired_p(first, second), len(shared)


def rows_differ(rows: Sequence[Mapping[Block, float]]) -> tuple[float, int]:
    """Whether rows differ at all: p of the F-test with blocks (columns and seeds) taken out, and the number of blocks.

    NaN where there are fewer than two rows, or fewer than two blocks that all rows have.
    """
    shared = sorted(set.intersection(*map(set, rows))) if rows else []
    if len(rows) < 2 or len(shared) < 2:
        return math.nan, len(shared)
    values = np.array([[row[block] for block in shared] for row in rows])  # rows x blocks
    of_rows, of_blocks = values.mean(axis=1, keepdims=True), values.mean(axis=0, keepdims=True)
    rest = values - of_rows - of_blocks + values.mean()
    between = len(shared) * float(((of_rows - values.mean()) ** 2).sum()) / (len(rows) - 1)
    degrees = (len(rows) - 1) * (len(shared) - 1)
    within = float((rest**2).sum()) / degrees
    if within == 0:
        return (1.0 if between == 0 else 0.0), len(shared)
    return float(scipy.stats.f.sf(between / within, len(rows) - 1, degrees)), len(shared)
