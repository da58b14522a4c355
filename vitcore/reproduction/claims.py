"""The reports' claims, each judged by the published numbers alone and by our own runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from vitcore.published.claims import Claim
from vitcore.published.metrics import METRICS
from vitcore.published.tables import Table, table
from vitcore.reproduction.comparisons import LEVEL, column_pairs, with_and_without
from vitcore.reproduction.plateaus import reached
from vitcore.reproduction.tables import ResultTable
from vitcore.reproduction.verdicts import last_digit, published_spread
from vitcore.statistics.intervals import t_limit
from vitcore.statistics.pairs import FEWEST_PAIRS, Pair, holm
from vitcore.statistics.proportions import sign_test

Values = Mapping[tuple[str, str, str], float]  # table, row, column -> value


class Standing(StrEnum):
    """What numbers say of a claim."""

    HOLDS = "holds"
    PARTLY = "holds in part"
    FAILS = "does not hold"
    OPEN = "cannot be said"


@dataclass(frozen=True)
class Judged:
    """What one side's numbers say of a claim, and the sentence with the counts behind it."""

    standing: Standing
    why: str


def by_published(claim: Claim) -> Judged:
    """The claim by the report's own numbers, and its own noise where it is known."""
    values = {
        (key, cell.row, cell.column): cell.value
        for key in claim.tables
        for cell in table(key).cells
        if not cell.bound and table(key).column(cell.column).metric == claim.metric
    }
    if claim.test == "rows better":
        return _better_published(claim, values)
    if claim.test == "plateaus earlier":
        return Judged(Standing.OPEN, "the report prints its curves without values")
    return _JUDGES[claim.test](claim, values)


def by_runs(claim: Claim, results: Mapping[str, ResultTable], epochs: pd.DataFrame | None = None) -> Judged:
    """The claim by our runs.

    Args:
        results: the claim's tables, by key, all under one protocol.
        epochs: of their runs, as store.queries.epochs gives them, for a claim about curves.
    """
    if claim.test == "plateaus earlier":
        return _plateaus_ours(claim, results, epochs)
    values = {
        (key, result.row.key, result.column.key): result.measured.center
        for key in claim.tables
        for result in results[key].results
        if result.column.metric == claim.metric and not math.isnan(result.measured.center)
    }
    if claim.test == "rows better":
        return _better_measured(claim, results)
    if claim.test == "first table worse":
        return _counterpart_measured(results[claim.tables[0]], results[claim.tables[1]])
    if claim.test == "constant answer":
        return _diverged_measured(claim, results)
    if claim.test in ("repeated", "stated number"):
        return Judged(Standing.OPEN, "a matter of the report's own figures")
    if not values:
        return Judged(Standing.OPEN, "no run of ours has a result yet")
    found = _JUDGES[claim.test](claim, values)
    seeds = {len(result.values) for key in claim.tables for result in results[key].results if result.values}
    if seeds and min(seeds) < FEWEST_PAIRS:
        return Judged(Standing.OPEN, f"{found.why}; cells of fewer than {FEWEST_PAIRS} seeds settle nothing")
    return found


def _standing(hold: int, of: int) -> Standing:
    if not of:
        return Standing.OPEN
    return Standing.HOLDS if hold == of else Standing.FAILS if hold <= of / 2 else Standing.PARTLY


def _columns(claim: Claim, item: Table) -> list[str]:
    return [column.key for column in item.columns if column.metric == claim.metric]


def _better_published(claim: Claim, values: Values) -> Judged:
    metric = METRICS[claim.metric]
    sign = 1 if metric.better == "lower" else -1
    gaps = [
        sign * float(metric.scale.to(values[key, claim.reference, column]) - metric.scale.to(values[key, row, column]))
        for key in claim.tables
        for column in _columns(claim, table(key))
        for row in claim.rows
        if (key, row, column) in values and (key, claim.reference, column) in values
    ]
    if not gaps:
        return Judged(Standing.OPEN, "the report prints no numbers that would show it")
    better = sum(gap > 0 for gap in gaps)
    spread = published_spread(table(claim.tables[0]).report)
    why = f"better in {better} of {len(gaps)} cells"
    if spread.degrees:
        limit = t_limit(0.95, spread.degrees) * math.sqrt(2 * spread.variance)
        clear = sum(gap > limit for gap in gaps)
        why += f", in {clear} by more than the report's own noise explains"
        if not clear:
            return Judged(Standing.OPEN, why)
    return Judged(_standing(better, len(gaps)), why)


def _better_measured(claim: Claim, results: Mapping[str, ResultTable]) -> Judged:
    """By the paired tests against the reference, Holm's correction over all of the claim's pairs."""
    sign = 1 if METRICS[claim.metric].better == "lower" else -1
    found: list[tuple[float, Pair]] = []
    for key in claim.tables:
        for column, pairs in column_pairs(results[key]).items():
            if column not in _columns(claim, results[key].table):
                continue
            for (first, second), pair in pairs.items():
                if first == claim.reference and second in claim.rows:
                    found.append((-sign * pair.difference.center, pair))
                elif second == claim.reference and first in claim.rows:
                    found.append((sign * pair.difference.center, pair))
    tested = [(gap, pair) for gap, pair in found if not math.isnan(pair.p)]
    if not tested:
        return Judged(Standing.OPEN, f"no pair of rows has {FEWEST_PAIRS} seeds in common yet")
    corrected = holm([pair.p for _, pair in tested])
    better = sum(gap < 0 and p < LEVEL for (gap, _), p in zip(tested, corrected, strict=True))
    worse = sum(gap > 0 and p < LEVEL for (gap, _), p in zip(tested, corrected, strict=True))
    why = f"of {len(tested)} pairs that were tested, {better} shown to be better, {worse} worse, the rest open"
    if not better and not worse:
        return Judged(Standing.OPEN, why)
    return Judged(Standing.FAILS if worse > better else _standing(better, len(tested)), why)


def _quickest(claim: Claim, values: Values) -> Judged:
    [row] = claim.rows
    first, known = 0, 0
    for key in claim.tables:
        for column in _columns(claim, table(key)):
            times = {name: value for (where, name, place), value in values.items() if (where, place) == (key, column)}
            if row in times and len(times) > 1:
                known += 1
                first += min(times, key=times.__getitem__) == row
    return Judged(_standing(first, known), f"the quickest in {first} of {known} columns")


def _first_worse(claim: Claim, values: Values) -> Judged:
    first, second = claim.tables
    pairs = [
        (values[first, row, column], values[second, row, column])
        for row in claim.rows
        for column in _columns(claim, table(first))
        if (first, row, column) in values and (second, row, column) in values
    ]
    worse, better = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
    p = sign_test(worse, better) if worse + better else math.nan
    why = f"worse in {worse} and better in {better} of {len(pairs)} cells (sign test: p = {p:.2g})"
    return Judged(_standing(worse, len(pairs)), why)


def _counterpart_measured(result: ResultTable, counterpart: ResultTable) -> Judged:
    """`result` is the table without replacement; the difference is told as with minus without."""
    tested = [item.pair for item in with_and_without(result, counterpart) if not math.isnan(item.pair.p)]
    if not tested:
        return Judged(Standing.OPEN, f"in no column do the two tables share {FEWEST_PAIRS} seeds")
    corrected = holm([pair.p for pair in tested])
    clear = [pair.difference.center for pair, p in zip(tested, corrected, strict=True) if p < LEVEL]
    worse = sum(gap < 0 for gap in clear)
    why = f"of {len(tested)} columns, worse without replacement in {worse}, better in {len(clear) - worse}, rest open"
    return Judged(_standing(worse, len(tested)) if clear else Standing.OPEN, why)


def _plateaus_ours(claim: Claim, results: Mapping[str, ResultTable], epochs: pd.DataFrame | None) -> Judged:
    if epochs is None or epochs.empty:
        return Judged(Standing.OPEN, "no curve of ours is stored yet")
    pairs = [item for key in claim.tables for item in reached(claim, results[key], epochs)]
    judged = [pair.earlier for pair in pairs if pair.earlier is not None]
    earlier, late = sum(judged), len(pairs) - len(judged)
    why = f"earlier in {earlier} of {len(judged)} pairs of curves of one seed"
    why += f"; in {late} more no plateau is seen before a run ends" if late else ""
    if len(judged) < FEWEST_PAIRS:
        return Judged(Standing.OPEN, f"{why}; fewer than {FEWEST_PAIRS} pairs settle nothing")
    return Judged(_standing(earlier, len(judged)), why)


def _falls(claim: Claim, values: Values) -> Judged:
    steps = []
    for key in claim.tables:
        columns = _columns(claim, table(key))
        for row in claim.rows:
            known = [values[key, row, column] for column in columns if (key, row, column) in values]
            steps += [later < earlier for earlier, later in itertools.pairwise(known)]
    return Judged(_standing(sum(steps), len(steps)), f"falls in {sum(steps)} of {len(steps)} steps to more samples")


def _constant(claim: Claim, values: Values) -> Judged:
    fits: list[str] = []
    not_fit: list[str] = []
    for (key, row, column), value in values.items():
        answer = next((name for name, error in claim.constants.items() if abs(error - value) < 0.005), "")
        where = table(key).place + (f", {table(key).column(column).group}" if table(key).column(column).group else "")
        if row in claim.rows:
            (fits if answer == "0" else not_fit).append(f"{where}: {value:.2f}")
    zero = f"{claim.constants['0']:.2f} %"
    why = f"always 0 errs by exactly {zero} of the 10,000 test digits, which fits {'; '.join(fits) or 'none'}"
    if not_fit:
        why += f"; no constant answer fits {'; '.join(not_fit)}, as transcribed: another test set, or another failure"
    return Judged(Standing.HOLDS if not not_fit else Standing.PARTLY if fits else Standing.FAILS, why)


def _diverged_measured(claim: Claim, results: Mapping[str, ResultTable]) -> Judged:
    cells = [results[key].at(claim.rows[0], column) for key in claim.tables for column in _columns(claim, table(key))]
    diverged, ended = (
        sum(len(cell.diverged) for cell in cells),
        sum(len(cell.diverged) + len(cell.values) for cell in cells),
    )
    if not ended:
        return Judged(Standing.OPEN, "no run of ours has come to an end yet")
    return Judged(_standing(diverged, ended), f"{diverged} of {ended} runs diverged: from then on they answer always 0")


def _repeated(claim: Claim, values: Values) -> Judged:
    equal = [value for (_, row, _), value in values.items() if claim.low <= value <= claim.high and row != "relu"]
    return Judged(
        Standing.HOLDS if len(equal) > 2 else Standing.FAILS,
        f"{len(equal)} of {len(values)} cells; separate trainings seldom agree so well, so a copy is likely",
    )


def _stated(claim: Claim, values: Values) -> Judged:
    [value] = [value for (_, row, _), value in values.items() if row == claim.rows[0]]
    unit, stated = last_digit(claim.stated), float(claim.stated)
    if abs(value - stated) <= unit / 2:
        return Judged(Standing.HOLDS, f"the table has {value:g}")
    cut = " (it is cut there, not rounded)" if 0 <= value - stated < unit else ""
    return Judged(Standing.PARTLY if cut else Standing.FAILS, f"the table has {value:g}, which rounds to another{cut}")


_JUDGES: dict[str, Callable[[Claim, Values], Judged]] = {
    "row quickest": _quickest,
    "first table worse": _first_worse,
    "falls along columns": _falls,
    "constant answer": _constant,
    "repeated": _repeated,
    "stated number": _stated,
}
