"""The figures of a study as plain data, each with a digest by which two copies can be compared."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vitcore import figures
from vitcore.figures.style import drawable
from vitcore.published import tables
from vitcore.reproduction import charts
from vitcore.study.contents import CONFUSION, FIGURES, SIZE, split
from vitcore.study.material import Material

_HEIGHT, _A_NAME = 380, 14
"""Pixels of a chart of curves, and what each name in its legend adds."""

DIGITS = 9
"""Of a number in a digest: another processor may add up in another order."""


@dataclass(frozen=True)
class Drawn:
    """A figure: of which part of the study (a table's `TABLE:PROTOCOL`, empty for the runs), its key, title, data."""

    part: str
    key: str
    title: str
    notes: tuple[str, ...]
    figure: dict[str, Any]

    @property
    def digest(self) -> str:
        """Twelve signs that are the same where the same is drawn."""
        text = json.dumps(_rounded(self.figure), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def drawn(material: Material) -> tuple[Drawn, ...]:
    """Every figure of a study of which there is something to see: the runs' own, then each table's."""
    found = [*_of_runs(material)]
    for named in material.study.tables:
        found += _of_table(material, named)
    return tuple(found)


def _of_runs(material: Material) -> Iterator[Drawn]:
    runs = material.chosen()
    own = material.epochs[material.epochs["run_id"].isin(runs["id"])]
    for key in material.study.figures:
        if key == CONFUSION:
            yield from _confusions(material, runs)
        elif key == SIZE:
            points = pd.DataFrame({name: runs[name] for name in ("parameters", "accuracy")}).assign(
                label=runs["title"], family=runs["architecture"]
            )
            figure = figures.accuracy_against_size(points, y_title="Test accuracy, last weights", front=False)
            yield from _drawable("", key, FIGURES[key], (), figure)
        else:
            yield from _drawable(
                "", key, FIGURES[key], (), figures.curves(own, runs, y=key, height=_HEIGHT + _A_NAME * len(runs))
            )


def _confusions(material: Material, runs: pd.DataFrame) -> Iterator[Drawn]:
    for _, run in runs.iterrows():
        matrix = material.matrix(run["id"])
        if matrix is not None:
            title = f"Confusion matrix of {run['title']}"
            figure = figures.confusion(matrix, _classes(run["classes"], len(matrix)))
            yield from _drawable("", f"{CONFUSION}-{run['id']}", title, (), figure)


def _of_table(material: Material, named: str) -> Iterator[Drawn]:
    known, result = split(named)[0], material.tables[named]
    for figure in tables.figures().values():
        if figure.table != known.key:
            continue
        behind = charts.runs_behind(figure, result, material.runs)
        matrix, classes = None, [""]
        if figure.chart == "confusion":
            for _, run in behind.iloc[::-1].iterrows():
                matrix = material.matrix(run["id"], figure.epoch) if matrix is None else matrix
                classes = _classes(run["classes"], 0 if matrix is None else len(matrix))
        epochs = material.epochs[material.epochs["run_id"].isin(behind["id"])]
        made = charts.draw(figure, result, material.runs, epochs=epochs, matrix=matrix, classes=classes)
        if made is not None:
            yield from _drawable(named, figure.key, f"{figure.place}: {figure.title}", figure.notes, made)


def _drawable(part: str, key: str, title: str, notes: Sequence[str], figure: go.Figure) -> Iterator[Drawn]:
    if drawable(figure):
        plain: dict[str, Any] = json.loads(figure.to_json())
        plain["layout"].pop("template", None)
        yield Drawn(part, key, title, tuple(notes), plain)


def _classes(named: Any, count: int) -> list[str]:
    known = list(named) if isinstance(named, list | tuple | np.ndarray) else []
    return [str(name) for name in known] if len(known) == count else [str(number) for number in range(count)]


def _rounded(value: Any) -> Any:
    """The same with numbers of DIGITS digits, and Plotly's packed arrays as lists."""
    if isinstance(value, dict):
        if value.keys() >= {"dtype", "bdata"}:
            kind = np.dtype(str(value["dtype"])).newbyteorder("<")
            return [_rounded(each) for each in np.frombuffer(base64.b64decode(value["bdata"]), kind).tolist()]
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return f"{value:.{DIGITS}g}" if isinstance(value, int | float) and not isinstance(value, bool) else value
