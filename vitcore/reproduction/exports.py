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
    qualifiers = ["scaled"] if result.scaled and part == "ours" else []
    if part == "ours" and seeds:
        qualifiers.append(f"n = {seeds}, median [95 % interval]" if seeds > 1 else "n = 1")
    return f"{name} ({', '.join(qualifiers)})" if qualifiers else name


def common_seeds(result: ResultTable) -> int | None:
    """How many seeds every filled cell has, None where they differ or none is filled."""
    counts = {len(item.values) for item in result.results if item.values and item.metric.kind != "count"}
    return counts.pop() if len(counts) == 1 else None


def cell_text(item: Result, part: str, *, seeds: bool = True) -> str:
    """What a cell says of one of PARTS.

    Args:
        seeds: say of how many seeds ours is the median.
    """
    if part == "published":
        if item.published is None:
            return "–"
        sign = {"below": "< ", "above": "> ", "": ""}[item.published.bound]
        unit = f" {item.column.unit}" if item.metric.kind == "count" else ""
        return f"{sign}{item.published.printed}{unit}" + (" †" if item.published.note else "")
    if part == "ours":
        return item.measured_text(count=seeds)
    if part == "difference":
        gap = item.difference
        return "–" if math.isnan(gap) else f"{gap:+.{item.metric.digits}f}"
    if item.published is None and math.isnan(item.measured.center):
        return ""
    return item.verdict


def side_by_side(result: ResultTable, counterpart: ResultTable) -> pd.DataFrame:
    """Results of a table beside those of its twin (rows drawn without and with replacement), cell by cell."""
    first, second = _drawn(result), _drawn(counterpart)
    lines = []
    for item in result.results:
        if item.metric.kind != "result":
            continue
        other = counterpart.at(item.row.key, item.column.key)
        gap = other.measured.center - item.measured.center
        lines.append(
            {
                " ": item.row.label,
                "Sample": item.column.group,
                **{f"Published, {way}": cell_text(cell, "published") for way, cell in ((first, item), (second, other))},
                **{f"Ours, {way}": cell_text(cell, "ours") for way, cell in ((first, item), (second, other))},
                "Difference of ours": "–" if math.isnan(gap) else f"{gap:+.{item.metric.digits}f}",
            }
        )
    return pd.DataFrame(lines)


def _drawn(result: ResultTable) -> str:
    return "with" if any(item.spec and item.spec.data.replacement for item in result.results) else "without"


def tidy(result: ResultTable) -> pd.DataFrame:
    """One line a cell, numbers as numbers, with source, runs and the command that makes it."""
    lines = []
    for item in result.results:
        lines.append(
            {
                "table": result.table.key,
                "protocol": result.protocol,
                "scaled": item.scaled,
                "row": item.row.label,
                "column": item.column.title,
                "unit": item.column.unit,
                "published": item.published.value if item.published else math.nan,
                "ours": item.measured.center,
                "low": item.measured.low,
                "high": item.measured.high,
                "seeds": len(item.values),
                "diverged": len(item.diverged),
                "diverged_low": item.divergence.low,
                "diverged_high": item.divergence.high,
                "difference": item.difference,
                "below_noise": item.below_noise,
                "verdict": item.verdict,
                "why": item.judgment.why,
                "machine": item.machine,
                "runs": " ".join(item.runs.values()),
                "other_runs": " ".join([*item.diverged.values(), *(id for ids in item.others.values() for id in ids)]),
                "command": command(item.spec, result.table.key, item.row.key, result.protocol) if item.spec else "",
                "note": " ".join(filter(None, [item.published.note if item.published else "", item.row.note])),
                "source": result.table.source(item.row.key, item.column.key),
                "recipe_source": ". ".join(result.table.recipe_sources(item.row.key, item.column.key, result.protocol)),
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
    head, body = whole(result)
    rows = ["| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in [head, *body]]
    rows.insert(1, "|" + "---|" * len(head))
    return "\n".join([f"**{_title(result)}**", "", *rows, "", *(f"- {note}" for note in notes(result)), ""])


def latex(result: ResultTable) -> str:
    """The same as a LaTeX table (booktabs)."""
    head, body = whole(result)
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
            *(r"\par\footnotesize " + _tex(note) for note in notes(result)),
            r"\end{table}",
            "",
        ]
    )


def whole(result: ResultTable) -> tuple[list[str], list[list[str]]]:
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


def notes(result: ResultTable) -> list[str]:
    """Protocol, the table's notes, and the notes of single cells."""
    cells = [
        f"{item.row.label}, {item.column.title}: {item.published.note}"
        for item in result.results
        if item.published and item.published.note
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
