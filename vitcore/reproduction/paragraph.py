"""A table's verdict in plain words: what was run, whether rows differ, what the noise is, what would settle it."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pandas as pd

from vitcore.cost.durations import duration
from vitcore.published.metrics import METRICS
from vitcore.published.tables import Table
from vitcore.reproduction.comparisons import LEVEL, comparisons, rows_differ, with_and_without
from vitcore.reproduction.tables import Result, ResultTable
from vitcore.reproduction.verdicts import Verdict, published_floor
from vitcore.statistics.divergence import rate, rates_differ
from vitcore.statistics.pairs import FEWEST_PAIRS, holm

NAMED = 6
"""Pairs of rows that are named one by one; the table under the words has them all."""


def paragraph(result: ResultTable, runs: pd.DataFrame, counterpart: ResultTable | None = None) -> list[str]:
    """Sentences, most important first; honest where the answer is "no difference" or "not known".

    Args:
        twin: the same table with samples drawn the other way (Performer report, Tables 2 and 3).
    """
    sentences = [_what_was_run(result)]
    cells = [item for item in result.results if item.metric.kind == "result"]
    if any(cell.values or cell.diverged for cell in cells):
        sentences += _against_the_report(result) + _divergence(result)
        sentences += _rows(result, runs) if _has_rivals(result) else []
        sentences += _counterpart(result, counterpart) if counterpart else []
        sentences += _left_out(result) + _mixed(result) + _equal(result) + _own_spread(result)
    return sentences + _published_noise(result.table)


def _what_was_run(result: ResultTable) -> str:
    cells = [item for item in result.results if item.metric.kind == "result"]
    filled = [cell for cell in cells if cell.values]
    label = result.table.protocols[result.protocol].label
    if not filled:
        ended = any(cell.diverged for cell in cells)
        what = "has a result" if ended else "has been run"
        return f"Nothing of this table {what} in the protocol “{label}” yet."
    seeds = sorted({len(item.values) for item in filled})
    number = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    caveat = " These are scaled runs: they test the report's claims, never its numbers." if result.scaled else ""
    return (
        f"{len(filled)} of {len(cells)} result cells are filled in the protocol “{label}”, "
        f"with {number} {'seed' if number == '1' else 'seeds'} each.{caveat}"
    )


def _against_the_report(result: ResultTable) -> list[str]:
    cells = [item for item in result.results if item.metric.kind == "result" and item.values and item.published]
    verdicts = Counter(cell.verdict for cell in cells if cell.judgment.verdict is not Verdict.NOT_COMPARED)
    if not verdicts:
        return []
    return [
        "Beside the published numbers: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()) + "."
    ]


def _divergence(result: ResultTable) -> list[str]:
    """How often training diverged, row by row; and whether that differs from the reference's rate."""
    names, sentences = result.table.names(), []
    rates = {row.key: _ended(result, row.key) for row in result.table.rows}
    for row, (diverged, ended) in rates.items():
        if not diverged:
            continue
        found, against = rate(diverged, ended), ""
        share_text = f"{found.center:.0%}, 95 %: {found.low:.0%} to {found.high:.0%}"
        base = result.table.reference
        if base and base != row and rates[base][1]:
            p = rates_differ(diverged, ended, *rates[base])
            word = "more often than" if p < LEVEL else "not shown to be another rate than that of"
            against = f", {word} {names[base]} ({rates[base][0]} of {rates[base][1]}, Fisher's p = {p:.2g})"
        sentences.append(
            f"{names[row]} diverged in {diverged} of {ended} runs ({share_text}){against}; no median has them."
        )
    return sentences


def _ended(result: ResultTable, row: str) -> tuple[int, int]:
    """Of a row's runs that came to an end: how many diverged, and how many there are; each run once."""
    cells = [result.at(row, column.key) for column in result.table.columns]
    cells = [cell for cell in cells if cell.metric.kind == "result"]
    diverged = {id for cell in cells for id in cell.diverged.values()}
    return len(diverged), len(diverged | {id for cell in cells for id in cell.runs.values()})


def _what(result: ResultTable) -> str:
    return "kernels" if result.table.report == "performer" else "rows"


def _has_rivals(result: ResultTable) -> bool:
    """Whether rows are things to choose between, not the epochs of one run."""
    return len({row.epoch for row in result.table.rows}) == 1 and len(result.table.rows) > 1


def _rows(result: ResultTable, runs: pd.DataFrame) -> list[str]:
    """Whether the rows differ, column by column; which pairs do after Holm's correction; what would settle another."""
    pairs = comparisons(result, runs)
    tested = pairs[pairs["p"].notna()]
    if tested.empty:
        return [
            f"Whether the {_what(result)} differ cannot be said: no two of them have {FEWEST_PAIRS} seeds in common, "
            "and below that no test is made."
        ]
    many = "1 pair" if len(tested) == 1 else f"{len(tested)} pairs"
    apart = tested[tested["p_holm"] < LEVEL].sort_values("p_holm")
    sentences = [_omnibus(result)]
    if apart.empty:
        sentences.append(f"After Holm's correction over all {many} of {_what(result)}, none is shown to differ.")
    else:
        named = "; ".join(_pair_words(result, line) for _, line in apart.head(NAMED).iterrows())
        more = f"; and {len(apart) - NAMED} more" if len(apart) > NAMED else ""
        sentences.append(
            f"After Holm's correction over all {many} of {_what(result)}, {len(apart)} differ: {named}{more}."
        )
    return sentences + _soonest(pairs)


def _omnibus(result: ResultTable) -> str:
    """One sentence over all columns, Holm over them: another size of data is another question, no replicate."""
    found = {key: value for key, value in rows_differ(result).items() if value[1]}
    titles = [result.table.column(key).title for key in found]
    corrected = holm([p for p, _ in found.values()])
    differing = [title for title, p in zip(titles, corrected, strict=True) if p < LEVEL]
    where = "" if len(titles) == 1 else f" in {', '.join(differing or titles)}"
    p = f"p = {min(corrected):.2g}, the smallest of {'all pairs' if len(titles) == 1 else 'all columns'}, corrected"
    if differing:
        return f"The {_what(result)} differ{where} ({p})."
    return f"No difference between the {_what(result)} is shown{where} ({p})."


def _pair_words(result: ResultTable, line: pd.Series) -> str:
    where = f", {line['column']}" if len(_result_columns(result)) > 1 else ""
    digits = METRICS[_result_columns(result)[0]].digits
    gap, low, high = (f"{line[name]:+.{digits}f}" for name in ("difference", "low", "high"))
    better = _better(result, float(line["difference"]))
    word = "better" if better else "worse"
    return f"{line['row']} {word} than {line['against']} by {gap}{_unit(result)} [{low}, {high}]{where}"


def _soonest(pairs: pd.DataFrame) -> list[str]:
    still = pairs[(pairs["fewest_seeds"] > 0) & ~(pairs["p_holm"] < LEVEL)].sort_values("fewest_seeds")
    if still.empty:
        return []
    item = still.iloc[0]
    time = "" if math.isnan(item["minutes"]) else f" ({duration(60 * item['minutes'])} on this machine)"
    few = f"{item['fewest_seeds']:.0f}"
    if math.isnan(item["most_seeds"]):
        reach = f"at least {few} more seeds{time}; that there is no difference at all is not excluded"
    elif item["most_seeds"] == item["fewest_seeds"]:
        reach = f"about {few} more seeds{time}"
    else:
        reach = f"between {few} and {item['most_seeds']:.0f} more seeds{time}"
    return [
        f"The open pair that may be settled soonest, {item['row']} against {item['against']} ({item['column']}), needs "
        f"{reach}."
    ]


def _result_columns(result: ResultTable) -> list[str]:
    return [column.metric for column in result.table.columns if METRICS[column.metric].kind == "result"]


def _better(result: ResultTable, gap: float) -> bool:
    return gap < 0 if METRICS[_result_columns(result)[0]].better == "lower" else gap > 0


def _unit(result: ResultTable) -> str:
    units = {item.column.unit for item in result.results if item.metric.kind == "result"}
    percent = all(METRICS[name].scale.top == 100 for name in _result_columns(result))
    return " points" if percent or units == {"%"} else ""


def _counterpart(result: ResultTable, counterpart: ResultTable) -> list[str]:
    """Whether drawing samples with replacement matters, column by column."""
    found = with_and_without(result, counterpart)
    tested = [item for item in found if not math.isnan(item.pair.p)]
    if not tested:
        return [
            f"Whether replacement matters cannot be said: in no column do the two tables share {FEWEST_PAIRS} seeds."
        ]
    corrected = holm([item.pair.p for item in tested])
    words = []
    for entry, p in zip(tested, corrected, strict=True):
        gap = entry.pair.difference
        words.append(
            f"{entry.column}: {gap.center:+.2f} points [{gap.low:+.2f}, {gap.high:+.2f}] over "
            f"{entry.pair.count} seeds, p = {p:.2g}"
        )
    differ = [item.pair.difference.center for item, p in zip(tested, corrected, strict=True) if p < LEVEL]
    evidence = f"(with minus without, Holm's correction over {len(tested)}: {'; '.join(words)})"
    if not differ:
        return [f"Replacement is not shown to matter {evidence}."]
    way = "higher" if all(gap > 0 for gap in differ) else "lower" if all(gap < 0 for gap in differ) else "another"
    return [f"Replacement matters: with it the error is {way} in {len(differ)} of {len(tested)} columns {evidence}."]


def _left_out(result: ResultTable) -> list[str]:
    """Runs of these cells that no median is taken over; those that only wait have nothing to leave out."""
    found: dict[str, dict[str, list[str]]] = {}
    for item in result.results:
        for kind, ids in item.others.items() if item.metric.kind == "result" else ():
            if kind != "queued":
                found.setdefault(kind, {}).setdefault(item.row.label, []).extend(ids)
    left_out = []
    for kind, rows in sorted(found.items()):
        many = len({id for ids in rows.values() for id in ids})
        left_out.append(f"{many} {kind} ({', '.join(rows)})")
    return [f"Not in the medians: {'; '.join(left_out)}."] if left_out else []


_OF = {
    "machine": "machines", "device_used": "devices", "precision_used": "precisions", "torch": "versions of torch",
    "timm_version": "versions of timm", "vitcore_version": "versions of vitcore", "data_digest": "sets of data",
}  # fmt: skip


def _mixed(result: ResultTable) -> list[str]:
    """What the runs are of more than one of, and what that means: errors, times or both are of the commonest alone."""
    timed = [
        f"{len(values)} {_OF[name]} ({', '.join(values[:3])})"
        for name, values in result.mixed.items()
        if name != "data_digest"
    ]
    sentences = []
    if timed:
        sentences.append(
            f"These runs are of {' and of '.join(timed)}: seconds are those of the commonest of each alone."
        )
    if data := result.mixed.get("data_digest"):
        sentences.append(
            f"These runs saw {len(data)} sets of data (digests {', '.join(data[:3])}): in each column those of the "
            "commonest alone are put together."
        )
    return sentences


def _equal(result: ResultTable) -> list[str]:
    sentences = []
    for first, second in result.table.equivalent:
        both: list[tuple[float, float]] = []
        for column in result.table.columns:
            left, right = result.at(first, column.key), result.at(second, column.key)
            if left.metric.kind == "result":
                both += [
                    (left.values[seed], right.values[seed]) for seed in sorted(set(left.values) & set(right.values))
                ]
        names = f"{result.table.row(first).label} and {result.table.row(second).label}"
        number = "1 pair" if len(both) == 1 else f"{len(both)} pairs"
        if both and all(a == b for a, b in both):
            sentences.append(f"{names} are one function, and our {number} of runs agree exactly, seed by seed.")
        elif both:
            apart = max(abs(a - b) for a, b in both)
            sentences.append(f"{names} are one function; our {number} of runs lie up to {apart:.2f} points apart.")
    return sentences


def _own_spread(result: ResultTable) -> list[str]:
    """How far seeds of one cell lie apart, as a share of what the cell has; cells that are one function count once."""
    twice = {second for _, second in result.table.equivalent}
    spread = [
        (float(np.std(list(item.values.values()), ddof=1)) / item.measured.center, item)
        for item in result.results
        if item.metric.kind == "result"
        and item.row.key not in twice
        and len(item.values) > 1
        and item.measured.center > 0
    ]
    if not spread:
        return ["How far our own seeds lie apart is not known yet: no cell has two."]
    (calm, least), (wild, most) = (pick(spread, key=lambda pair: pair[0]) for pick in (min, max))
    if least is most:
        return [f"Over {len(most.values)} seeds a single run of {_named(most)} varies by {wild:.0%} of its value."]
    return [
        f"Over seeds a single run varies by {calm:.0%} of its value ({_named(least)}) to {wild:.0%} ({_named(most)})."
    ]


def _named(item: Result) -> str:
    return f"{item.row.label}, {item.column.title}"


def _published_noise(table: Table) -> list[str]:
    floor = published_floor(table.report)
    if not table.equivalent:
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
