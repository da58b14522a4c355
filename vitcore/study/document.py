"""A study as one HTML file that asks no host for anything: text, tables that sort, charts that zoom."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from plotly.offline import get_plotlyjs

from vitcore.reproduction import exports
from vitcore.reproduction.paragraph import paragraph
from vitcore.spec import differing
from vitcore.study.contents import split
from vitcore.study.drawn import Drawn
from vitcore.study.material import Material

HERE = Path(__file__).parent
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
COLUMNS: Mapping[str, str] = {
    "title": "Run", "status": "Status", "architecture": "Architecture", "kernel": "Kernel", "dataset": "Dataset",
    "seed": "Seed", "epochs_done": "Epochs", "val_error_best": "Validation error, best epoch (%)",
    "test_error_best": "Test error, best weights (%)", "error_percent": "Test error, last weights (%)",
    "parameters": "Parameters",
}  # fmt: skip
ORIGIN: Mapping[str, str] = {
    "id": "Run", "title": "Title", "origin": "Trained", "data_digest": "Data digest",
    "fingerprint": "Spec's fingerprint",
    "vitcore_version": "vitcore", "vitcore_commit": "Commit", "torch": "torch", "cpu": "CPU", "device_used": "Device",
    "threads": "Threads", "started": "Began (UTC)",
}  # fmt: skip
"""Columns of store.queries.runs, and what a study calls them: what came of a run, and who ran what on which data."""


def render(material: Material, figures: Sequence[Drawn], *, bundle: str = "", made: datetime | None = None) -> str:
    """The whole document.

    Args:
        bundle: the name of the bundle's file, where there is one.
        made: when; None: now.
    """
    study = material.study
    return _environment().get_template("study.html.jinja").render(
        study=study,
        text=_markdown(study.text),
        made=(made or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC"),
        runs=_table(_without_alike(material.chosen()), COLUMNS) if study.runs else None,
        common=material.common(),
        figures=[_figure(each) for each in figures if not each.part],
        tables=[_published(material, named, figures) for named in study.tables],
        origin=_table(material.runs, ORIGIN) if len(material.runs) else None,
        bundle=bundle,
        css=(HERE / "study.css").read_text(encoding="utf-8"),
        js=(HERE / "study.js").read_text(encoding="utf-8"),
        plotly=_plotly() if figures else "",
    )  # fmt: skip


@lru_cache(maxsize=1)
def _plotly() -> str:
    """plotly.js; two of its texts hold signs that HTML may not, as a script may write them."""
    return _CONTROL.sub(lambda sign: f"\\x{ord(sign[0]):02x}", get_plotlyjs())


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _markdown(text: str) -> str:
    """HTML of Markdown; HTML within it is shown as typed, pictures and links of other hosts are named, not fetched."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    reader.add_render_rule("heading_open", lambda _, tokens, at, *rest: f"<h{_below(tokens[at].tag)}>")
    reader.add_render_rule("heading_close", lambda _, tokens, at, *rest: f"</h{_below(tokens[at].tag)}>\n")
    return str(reader.render(text))


def _below(tag: str) -> int:
    """A heading of the text stands below the study's title."""
    return min(6, int(tag[1]) + 1)


def _figure(drawn: Drawn) -> dict[str, Any]:
    data = json.dumps(drawn.figure, ensure_ascii=True, allow_nan=False)
    return {
        "key": f"{drawn.part}-{drawn.key}".replace(":", "-").replace("/", "-").strip("-"),
        "title": drawn.title,
        "notes": drawn.notes,
        "digest": drawn.digest,
        "data": data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    }


def _published(material: Material, named: str, figures: Sequence[Drawn]) -> dict[str, Any]:
    """A report's table: head and body with published, ours, difference and verdict, and what it says in words."""
    known, protocol = split(named)
    result = material.tables[named]
    head, body = exports.whole(result)
    return {
        "key": named.replace(":", "-"),
        "title": f"{known.place}: {known.title}",
        "protocol": known.protocols[protocol].label,
        "sentences": paragraph(result, material.runs),
        "head": head,
        "body": [[_cell(text) for text in line] for line in body],
        "notes": exports.notes(result),
        "figures": [_figure(each) for each in figures if each.part == named],
    }


def _without_alike(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows without the options that are one for all: these are told above."""
    alike = [name for name in differing.SHARED if len(runs) > 1 and name in runs and runs[name].nunique() == 1]
    return runs.drop(columns=alike)


def _table(frame: pd.DataFrame, columns: Mapping[str, str]) -> dict[str, Any]:
    """Head and body of a frame's columns that have a value somewhere."""
    names = [name for name in columns if name in frame and frame[name].notna().any()]
    body = [[_cell(row[name], name) for name in names] for _, row in frame.iterrows()]
    return {"head": [columns[name] for name in names], "body": body}


def _cell(value: Any, name: str = "") -> dict[str, Any]:
    """A cell's text, and the number that it is sorted by where it has one."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return {"text": "–", "number": None}
    if isinstance(value, datetime):
        return {"text": value.strftime("%Y-%m-%d %H:%M"), "number": value.timestamp()}
    if isinstance(value, bool | str):
        return {"text": str(value), "number": _leading(value) if isinstance(value, str) and not name else None}
    digits = ".2f" if "error" in name else ",.0f" if float(value).is_integer() else ",.4g"
    return {"text": f"{float(value):{digits}}", "number": float(value)}


def _leading(text: str) -> float | None:
    """The number that a cell of a report's table begins with, such as 2.41 of `2.41 [2.2, 2.7]`."""
    words = text.replace("−", "-").replace(",", "").lstrip("<>+ ").split()
    try:
        found = float(words[0].rstrip("%")) if words else math.nan
    except ValueError:
        return None
    return found if math.isfinite(found) else None
