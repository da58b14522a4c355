"""A table's verdict in plain words: what was run, whether rows differ, what the noise is, what would settle it."""

from __future__ import annotations

import math
from collections import Counter

import pandas as pd

from vitcore.cost.durations import duration
from vitcore.published.tables import METRICS, Table
from vitcore.reproduction.comparisons import Block, blocks, comparisons, paired_over_blocks, rows_differ
from vitcore.reproduction.tables import ResultTable
from vitcore.reproduction.verdicts import Verdict, published_floor
from vitcore.statistics.intervals import pooled_floor

LEVEL = 0.05


def paragraph(result: ResultTable, runs: pd.DataFrame, twin: ResultTable | None = None) -> list[str]:
    """Sentences, most important first; honest where the answer is "no difference" or "not known".

    Args:
        twin: the same table with rows drawn the other way (Performer report, Tables 2 and 3).
    """
    said = [_what_was_run(result)]
    if any(len(one.values) for one in result.results if one.metric.kind == "result"):
        said += _against_the_report(result)
        said += _rows(result) + _against_reference(result, runs)
        said += _twin(result, twin) if twin else []
        said += _collapse(result) + _left_out(result) + _same(result) + _own_noise(result)
    return said + _published_noise(result.table)


def _what_was_run(result: ResultTable) -> str:
    cells = [one for one in result.results if one.metric.kind == "result"]
    filled = [one for one in cells if one.values]
    label = result.table.protocols[result.protocol].label
    if not filled:
        return f"Nothing of this table has been run in the protocol “{label}” yet."
    seeds = sorted({len(one.values) for one in filled})
    number = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    caveat = " These are scaled runs: they test the report's claims, not its numbers." if result.scaled else ""
    return (
        f"{len(filled)} of {len(cells)} result cells are filled in the protocol “{label}”, "
        f"with {number} {'seed' if number == '1' else 'seeds'} each.{caveat}"
    )


def _against_the_report(result: ResultTable) -> list[str]:
    cells = [one for one in result.results if one.metric.kind == "result" and one.values and one.published]
    told = Counter(one.verdict for one in cells if one.judgement.verdict is not Verdict.NOT_COMPARED)
    if not told:
        return []
    return ["Beside the published numbers: " + ", ".join(f"{count} {verdict}" for verdict, count in told.items()) + "."]


def _what(result: ResultTable) -> str:
    return "kernels" if result.table.report == "performer" else "rows"


def _rows(result: ResultTable) -> list[str]:
    """Whether the rows differ at all; a row that is the same function as another is not counted twice."""
    if not result.table.reference:
        return []
    twice = {second for _, second in result.table.same}
    learning = {row.key: blocks(result, row.key) for row in result.table.rows if row.key not in twice}
    learning = {row: found for row, found in learning.items() if found}
    p, count = rows_differ(list(learning.values()))
    if math.isnan(p):
        return [
            f"Whether the {_what(result)} differ cannot be said: that takes two seeds or two columns that all have."
        ]
    tested = f"F-test over {count} blocks of column and seed, {len(learning)} distinct {_what(result)}, p = {p:.2g}"
    seeds = {seed for found in learning.values() for _, seed in found}
    weak = ["All of these pairs share one seed, so its luck is in every one of them."] if len(seeds) == 1 else []
    if p < LEVEL:
        return [f"The {_what(result)} differ ({tested}).", *weak]
    return [f"No difference between the {_what(result)} that learn is shown ({tested}).", *weak]


def _against_reference(result: ResultTable, runs: pd.DataFrame) -> list[str]:
    """The reference against each row over all columns and seeds; for what is open, the seeds that would settle it."""
    table, said = result.table, []
    if not table.reference:
        return []
    base, unit = blocks(result, table.reference), _unit(result)
    against = table.row(table.reference).label
    twice = {second for _, second in table.same}
    for row in table.rows:
        gap, p, count = paired_over_blocks(blocks(result, row.key), base)
        if row.key in (table.reference, *twice) or not count or len(table.rows) > 8:
            continue
        if count < 2:
            said.append(f"{row.label} against {against}: {gap.mean:+.2f}{unit} in the one pair there is; no verdict.")
            continue
        word = f"{gap.mean:+.2f}{unit} [{gap.low:+.2f}, {gap.high:+.2f}] over {count} pairs"
        verdict = "no difference is shown" if not p < LEVEL else "better" if _better(result, gap.mean) else "worse"
        said.append(f"{row.label} against {against}: {verdict} ({word}).")
    pairs = comparisons(result, runs)
    if len(pairs):
        number = "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
        found = _differ(int((pairs["p_holm"] < LEVEL).sum()))
        said.append(f"After Holm's correction over {number} of column and row, {found} from {against}.")
    open_pairs = pairs[(pairs["more_seeds"] > 0) & ~(pairs["p_holm"] < LEVEL)].sort_values("more_seeds")
    if len(open_pairs):
        easiest = open_pairs.iloc[0]
        time = "" if math.isnan(easiest["minutes"]) else f", {duration(60 * easiest['minutes'])} on this machine"
        said.append(
            f"The open pair that is settled soonest, {easiest['row']} against {against} ({easiest['column']}), needs "
            f"about {easiest['more_seeds']:.0f} more seeds{time}, if the difference is as seen so far."
        )
    return said


def _differ(count: int) -> str:
    return "none differs" if not count else "1 differs" if count == 1 else f"{count} differ"


def _better(result: ResultTable, gap: float) -> bool:
    metric = next(one.metric for one in result.results if one.metric.kind == "result")
    return gap < 0 if metric.better == "lower" else gap > 0


def _unit(result: ResultTable) -> str:
    units = {one.column.unit for one in result.results if one.metric.kind == "result"}
    return " points" if units == {"%"} else ""


def _twin(result: ResultTable, twin: ResultTable) -> list[str]:
    """Whether drawing rows with replacement matters.

    Kernels of one column and seed learn from the same drawn rows, so they are one pair together, not one each.
    """
    with_first = any(one.spec and one.spec.data.replacement for one in result.results)
    drawn, other = (result, twin) if with_first else (twin, result)
    twice = {second for _, second in result.table.same}
    gaps: dict[Block, list[float]] = {}
    for row in result.table.rows:
        mine, theirs = blocks(drawn, row.key), blocks(other, row.key)
        for block in set(mine) & set(theirs) if row.key not in twice else ():
            gaps.setdefault(block, []).append(mine[block] - theirs[block])
    if len(gaps) < 2:
        return ["Whether replacement matters cannot be said: the two tables share fewer than two pairs of samples."]
    means = {block: sum(values) / len(values) for block, values in gaps.items()}
    gap, p, count = paired_over_blocks(means, dict.fromkeys(means, 0.0))
    word = f"{gap.mean:+.2f} points [{gap.low:+.2f}, {gap.high:+.2f}] over {count} pairs of samples, p = {p:.2g}"
    if p < LEVEL:
        return [f"Replacement matters: with it the error is {'higher' if gap.mean > 0 else 'lower'} ({word})."]
    return [f"Replacement is not shown to matter (with minus without: {word})."]


def _collapse(result: ResultTable) -> list[str]:
    names = result.table.names()
    rows = {one.row.key: one for one in result.results if one.diverged and one.metric.kind == "result"}
    return [
        f"{names[row]} collapsed: {one.diverged} of {len(one.values)} runs met a NaN loss and answer 0 ever after "
        f"({one.ours.mean:.2f} % error)."
        for row, one in rows.items()
    ]


def _left_out(result: ResultTable) -> list[str]:
    """Runs of these cells that no mean is taken over; those that only wait have nothing to leave out."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in result.results:
        for kind, ids in one.others.items() if one.metric.kind == "result" else ():
            if kind != "queued":
                found.setdefault(kind, {}).setdefault(one.row.label, []).extend(ids)
    told = []
    for kind, rows in sorted(found.items()):
        many = len({id for ids in rows.values() for id in ids})
        told.append(f"{many} {kind} ({', '.join(rows)})")
    return [f"Not in the means: {'; '.join(told)}."] if told else []


def _same(result: ResultTable) -> list[str]:
    said = []
    for first, second in result.table.same:
        gap, _, count = paired_over_blocks(blocks(result, first), blocks(result, second))
        names = f"{result.table.row(first).label} and {result.table.row(second).label}"
        if count and gap.mean == 0 and not (gap.low < 0 or gap.high > 0):
            said.append(f"{names} are one function, and our {count} pairs of runs agree exactly, seed by seed.")
        elif count:
            said.append(f"{names} are one function; our {count} pairs differ by {gap.mean:+.2f} points on average.")
    return said


def _own_noise(result: ResultTable) -> list[str]:
    metric = next((c.metric for c in result.table.columns if METRICS[c.metric].kind == "result"), "")
    floor = result.own.get(metric, pooled_floor([]))
    if not floor.degrees:
        return ["Our own noise is not known yet: no cell has two seeds."]
    digits = METRICS[metric].digits
    return [
        f"A single run of ours has a standard deviation of {floor.deviation:.{digits}f}{_unit(result)} over seeds "
        f"(95 %: {floor.low:.{digits}f} to {floor.high:.{digits}f})."
    ]


def _published_noise(table: Table) -> list[str]:
    floor = published_floor(table.report)
    if not table.same:
        return []
    rows = [row for row in table.rows if row.key not in ("relu", table.reference)]
    limit, gaps = floor.difference(), []
    for column in (c.key for c in table.columns if METRICS[c.metric].source == "error_percent"):
        base = table.cell(table.reference, column)
        gaps += [abs(cell.value - base.value) for row in rows if base and (cell := table.cell(row.key, column))]
    below = sum(gap <= limit for gap in gaps)
    return [
        f"The report's own noise: its {floor.degrees} pairs of rows that are mathematically the same put the standard "
        f"deviation of a single run at {floor.deviation:.1f} points, so two of its runs may differ by {limit:.1f} "
        f"points for no reason; {below} of its {len(gaps)} differences from softmax in this table are smaller."
    ]
