"""Rows of a table against each other, seed by seed within each column: all pairs, Holm over all, seeds still needed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vitcore.cost.speed import Speed
from vitcore.reproduction.tables import Result, ResultTable
from vitcore.statistics.omnibus import any_differ
from vitcore.statistics.pairs import Pair, all_pairs, compare, holm, probability_of_improvement
from vitcore.statistics.seeds_needed import more_seeds

LEVEL = 0.05
RECKONED = 12
"""Open pairs, the largest differences first, for which the seeds still needed are reckoned: it takes time."""

COLUMNS = [
    "column", "row", "against", "seeds", "difference", "low", "high", "p", "p_holm",
    "better", "better_low", "better_high", "fewest_seeds", "most_seeds", "minutes",
]  # fmt: skip


def comparisons(result: ResultTable, runs: pd.DataFrame) -> pd.DataFrame:
    """Every pair of rows in every result column, over the seeds with which both finished.

    Of two rows that are one function only the first is compared: a test made twice would count twice in Holm's
    correction. Columns are never put together: what another size of data gives is no replicate.

    Returns:
        One line a pair with at least one common seed. `difference` is row - against in the column's unit with its 95 %
        interval; below three pairs there is neither interval nor p. `p_holm` is corrected over all lines; `better` is
        the probability that a run of the row beats one of the other; between `fewest_seeds` and `most_seeds` more
        (empty: no number is sure to) would settle the pair, the fewest in `minutes` for both together.
    """
    lines, pairs, specs = [], [], []
    for key, found in column_pairs(result).items():
        for (first, second), pair in found.items():
            left, right = result.at(first, key), result.at(second, key)
            if pair.count:
                lines.append(_line(left, right, pair))
                pairs.append(pair)
                specs.append([spec for spec in (left.spec, right.spec) if spec is not None])
    frame = pd.DataFrame(lines, columns=COLUMNS)
    frame["p_holm"] = holm(frame["p"].to_numpy(dtype=float))
    frame[["fewest_seeds", "most_seeds", "minutes"]] = math.nan
    speed = Speed(runs, result.machine or None)
    still = [place for place in range(len(pairs)) if not frame["p_holm"][place] < LEVEL and pairs[place].size]
    tested = max(1, int(frame["p"].notna().sum()))
    for place in sorted(still, key=lambda at: -abs(np.nan_to_num(pairs[at].size)))[:RECKONED]:
        more = more_seeds(pairs[place], interim_analyses=tested)
        if more is not None:
            each = [speed.seconds(spec) for spec in specs[place]]
            known = [entry for entry in each if entry is not None]
            frame.loc[place, "fewest_seeds"] = more.fewest
            frame.loc[place, "most_seeds"] = math.nan if more.most is None else more.most
            frame.loc[place, "minutes"] = more.fewest * sum(known) / 60 if len(known) == 2 else math.nan
    return frame


def column_pairs(result: ResultTable) -> dict[str, dict[tuple[str, str], Pair]]:
    """By result column all pairs of rows that are not one function, over the seeds that both have."""
    twice = {second for _, second in result.table.equivalent}
    found = {}
    for column in result.table.columns:
        cells = [result.at(row.key, column.key) for row in result.table.rows if row.key not in twice]
        rows = {cell.row.key: cell.values for cell in cells if cell.values and cell.metric.kind == "result"}
        images = next((cell.images for cell in cells if cell.images), None)
        if len(rows) > 1 and len({row.epoch for row in result.table.rows}) == 1:  # epochs of a run are no rivals
            found[column.key] = all_pairs(rows, cells[0].metric.scale, images=images)
    return found


def rows_differ(result: ResultTable) -> dict[str, tuple[float, int]]:
    """By result column p that no two rows differ, and the pairs that were tested: NaN and 0 where none could be."""
    return {
        key: (any_differ([pair.p for pair in pairs.values()]), sum(not math.isnan(pair.p) for pair in pairs.values()))
        for key, pairs in column_pairs(result).items()
    }


def _line(item: Result, other: Result, pair: Pair) -> dict[str, object]:
    seeds = sorted(set(item.values) & set(other.values))
    a, b = [item.values[seed] for seed in seeds], [other.values[seed] for seed in seeds]
    better = probability_of_improvement(a, b) if item.metric.better == "lower" else probability_of_improvement(b, a)
    return {
        "column": item.column.title,
        "row": item.row.label,
        "against": other.row.label,
        "seeds": pair.count,
        "difference": pair.difference.center,
        "low": pair.difference.low,
        "high": pair.difference.high,
        "p": pair.p,
        "better": better.center,
        "better_low": better.low,
        "better_high": better.high,
    }


@dataclass(frozen=True)
class Counterparts:
    """A column of a table beside the same of its twin: `pair` is with less without replacement, over seeds."""

    column: str
    pair: Pair


def with_and_without(result: ResultTable, counterpart: ResultTable) -> list[Counterparts]:
    """Whether drawing samples with replacement matters, column by column, with minus without.

    Rows of one column and seed learn from the same drawn samples, so they are one pair together, not one each.
    """
    with_first = any(item.spec and item.spec.data.replacement for item in result.results)
    drawn, other = (result, counterpart) if with_first else (counterpart, result)
    twice = {second for _, second in result.table.equivalent}
    found = []
    for column in result.table.columns:
        cells = [
            (drawn.at(row.key, column.key), other.at(row.key, column.key))
            for row in result.table.rows
            if row.key not in twice
        ]
        if cells[0][0].metric.kind != "result":
            continue
        scale, images = cells[0][0].metric.scale, cells[0][0].images
        gaps: dict[int, list[tuple[float, float]]] = {}
        for own, published in cells:
            for seed in set(own.values) & set(published.values):
                gaps.setdefault(seed, []).append((own.values[seed], published.values[seed]))
        if gaps:
            # Over the same rows on either side, on the scale where each row counts alike.
            sides = [
                [
                    float(scale.back(np.mean(scale.to([pair[image_size] for pair in gaps[seed]]))))
                    for seed in sorted(gaps)
                ]
                for image_size in (0, 1)
            ]
            with_it, without = sides
            found.append(Counterparts(column.title, compare(with_it, without, scale, images=images)))
    return found
