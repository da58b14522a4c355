"""A result table for other hands: the report's layout as a frame, CSV, Markdown and LaTeX."""

from __future__ import annotations

import math

import pandas as pd

from vitcore.published.chains import command
from vitcore.published.parts import Protocol
from vitcore.reproduction.tables import Result, ResultTable

PARTS = ("published", "ours", "difference", "verdict")


def layout(result: ResultTable, part: str = "published", *, brief: bool = False) -> pd.DataFrame:
    """One of PARTS in the report's own layout: its rows, its columns, text in every cell.

    Args:
        brief: leave out of the cells what `heading` says of all of them.

    Raises:
        ValueError: there is no such part.
    """
    if part not in PARTS:
        raise ValueError(f"there is no part {part!r}; there are {', '.join(PARTS)}")
    bare = brief and common_seeds(result) is not None
    lines = []
    for row in result.table.rows:
        line = {" ": row.label, **row.settings}
        for column in result.table.columns:
            line[column.title] = cell_text(result.at(row.key, column.key), part, seeds=not bare)
        family = {"Family": row.group} if row.group else {}
        lines.append({**line, **family})  # at the end: on a phone the numbers come first
    return pd.DataFrame(lines)


def heading(result: ResultTable, part: str) -> str:
    """What one of PARTS is called, with what is true of all of its cells."""
    name = {"published": "Published", "ours": "Ours", "difference": "Ours minus published", "verdict": "Verdict"}[part]
    seeds = common_seeds(result)
    told = ["scaled"] if result.scaled and part == "ours" else []
    if part == "ours" and seeds:
        told.append(f"n = {seeds}, median [95 % interval]" if seeds > 1 else "n = 1")
    return f"{name} ({', '.join(told)})" if told else name


def common_seeds(result: ResultTable) -> int | None:
    """How many seeds every filled cell has, None where they differ or none is filled."""
    counts = {len(one.values) for one in result.results if one.values and one.metric.kind != "count"}
    return counts.pop() if len(counts) == 1 else None


def cell_text(one: Result, part: str, *, seeds: bool = True) -> str:
    """What a cell says of one of PARTS.

    Args:
        seeds: say of how many seeds ours is the median.
    """
    if part == "published":
        if one.published is None:
            return "–"
        sign = {"below": "< ", "above": "> ", "": ""}[one.published.bound]
        unit = f" {one.column.unit}" if one.metric.kind == "count" else ""
        return f"{sign}{one.published.printed}{unit}" + (" †" if one.published.note else "")
    if part == "ours":
        return one.ours_text(count=seeds)
    if part == "difference":
        gap = one.difference
        return "–" if math.isnan(gap) else f"{gap:+.{one.metric.digits}f}"
    if one.published is None and math.isnan(one.ours.center):
        return ""
    return one.verdict


def side_by_side(result: ResultTable, twin: ResultTable) -> pd.DataFrame:
    """Results of a table beside those of its twin (rows drawn without and with replacement), cell by cell."""
    first, second = _drawn(result), _drawn(twin)
    lines = []
    for one in result.results:
        if one.metric.kind != "result":
            continue
        other = twin.at(one.row.key, one.column.key)
        gap = other.ours.center - one.ours.center
        lines.append(
            {
                " ": one.row.label,
                "Sample": one.column.group,
                **{f"Published, {way}": cell_text(cell, "published") for way, cell in ((first, one), (second, other))},
                **{f"Ours, {way}": cell_text(cell, "ours") for way, cell in ((first, one), (second, other))},
                "Difference of ours": "–" if math.isnan(gap) else f"{gap:+.{one.metric.digits}f}",
            }
        )
    return pd.DataFrame(lines)


def _drawn(result: ResultTable) -> str:
    return "with" if any(one.spec and one.spec.data.replacement for one in result.results) else "without"


def tidy(result: ResultTable) -> pd.DataFrame:
    """One line a cell, numbers as numbers, with source, runs and the command that makes it."""
    lines = []
    for one in result.results:
        lines.append(
            {
                "table": result.table.key,
                "protocol": result.protocol,
                "scaled": one.scaled,
                "row": one.row.label,
                "column": one.column.title,
                "unit": one.column.unit,
                "published": one.published.value if one.published else math.nan,
                "ours": one.ours.center,
                "low": one.ours.low,
                "high": one.ours.high,
                "seeds": len(one.values),
                "diverged": len(one.diverged),
                "diverged_low": one.divergence.low,
                "diverged_high": one.divergence.high,
                "difference": one.difference,
                "below_noise": one.below_noise,
                "verdict": one.verdict,
                "why": one.judgement.why,
                "machine": one.machine,
                "runs": " ".join(one.runs.values()),
                "other_runs": " ".join([*one.diverged.values(), *(id for ids in one.others.values() for id in ids)]),
                "command": command(one.spec, result.table.key, one.row.key, result.protocol) if one.spec else "",
                "note": " ".join(filter(None, [one.published.note if one.published else "", one.row.note])),
                "source": result.table.source(one.row.key, one.column.key),
                "recipe_source": ". ".join(result.table.recipe_sources(one.row.key, one.column.key, result.protocol)),
            }
        )
    return pd.DataFrame(lines)


def csv(result: ResultTable) -> str:
    """The tidy table as CSV; text that a spreadsheet would take for a formula is made harmless."""
    from vitcore.store.exports import csv as as_csv  # the store brings pyarrow: only where it is asked for

    table = tidy(result).astype(object)
    return as_csv(table.where(table.notna(), None))  # no value there is one that is not a number


def markdown(result: ResultTable) -> str:
    """Published | ours | difference | verdict of every column, as a Markdown table with its notes under it."""
    head, body = _both(result)
    rows = ["| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in [head, *body]]
    rows.insert(1, "|" + "---|" * len(head))
    return "\n".join([f"**{_title(result)}**", "", *rows, "", *(f"- {note}" for note in _notes(result)), ""])


def latex(result: ResultTable) -> str:
    """The same as a LaTeX table (booktabs)."""
    head, body = _both(result)
    lines = [" & ".join(_tex(cell) for cell in line) + r" \\" for line in [head, *body]]
    return "\n".join(
        [
            r"\begin{table}",
            r"\caption{" + _tex(_title(result)) + "}",
            r"\begin{tabular}{" + "l" * len(head) + "}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            *(r"\par\footnotesize " + _tex(note) for note in _notes(result)),
            r"\end{table}",
            "",
        ]
    )


def _both(result: ResultTable) -> tuple[list[str], list[list[str]]]:
    """Head and body with published, ours, difference and verdict side by side."""
    settings = list(dict.fromkeys(name for row in result.table.rows for name in row.settings))
    head = ["", *settings, *(f"{column.title}, {part}" for column in result.table.columns for part in PARTS)]
    body = []
    for row in result.table.rows:
        cells = [
            cell_text(result.at(row.key, column.key), part).replace(" †", "")
            for column in result.table.columns
            for part in PARTS
        ]
        body.append([row.label, *(row.settings.get(name, "") for name in settings), *cells])
    return head, body


def _title(result: ResultTable) -> str:
    return f"{result.table.place}: {result.table.title}. Ours in the protocol: {_protocol(result).label}"


def _protocol(result: ResultTable) -> Protocol:
    return result.table.protocols[result.protocol]


def _notes(result: ResultTable) -> list[str]:
    """Protocol, the table's notes, and the notes of single cells."""
    cells = [
        f"{one.row.label}, {one.column.title}: {one.published.note}"
        for one in result.results
        if one.published and one.published.note
    ]
    return [_protocol(result).note, *result.table.notes, *cells]


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*") or " "


TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "×": r"$\times$", "²": "$^2$", "⁴": "$^4$",
    "–": "--", "<": "$<$", ">": "$>$", "“": "``", "”": "''", "†": r"$\dagger$",
}  # fmt: skip


def _tex(text: str) -> str:
    return "".join(TEX.get(sign, sign) for sign in text)
