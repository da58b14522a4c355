"""Bars: probabilities of one image, and grouped results with error bars (the Performer report's Figures 1 to 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from vitcore.apart import apart
from vitcore.figures import edges
from vitcore.figures.style import NEUTRAL, SHARE_TICKS, color, plain, style, uid


@dataclass(frozen=True)
class Series:
    """One color of a grouped bar chart; None or NaN is a gap. `low` and `high` are the ends of the intervals.

    `place` is the color's place in the palette: given where a published series and ours belong together.
    """

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    published: bool = False
    place: int | None = None


def probabilities(
    answers: Mapping[str, Sequence[float]],
    classes: Sequence[str],
    *,
    most: int = 10,
    height: int | None = None,
    places: Sequence[int] | None = None,
    revision: str = "probabilities",
) -> go.Figure:
    """Horizontal bars of what one or several models answer to an image.

    Args:
        answers: model's title -> probability of each class.
        most: with more classes than this, only those likeliest on average are drawn.
        places: of each model's color in the palette; by default their order.

    Raises:
        ValueError: a model answers with another number of probabilities than there are classes.
    """
    table = np.array([list(values) for values in answers.values()], dtype=float)
    table = table.reshape(len(answers), -1 if answers else len(classes))
    if table.shape[1] != len(classes) and len(answers):
        raise ValueError(f"{table.shape[1]} probabilities do not go with {len(classes)} classes")
    stored = list(range(len(classes)))
    if len(classes) > most and len(answers):
        stored = sorted(np.argsort(-table.mean(axis=0), kind="stable")[:most])
    called = apart([plain(name) for name in classes])
    names = [called[at] for at in stored]
    figure = go.Figure()
    for place, (title, row) in enumerate(zip(answers, table, strict=True)):
        figure.add_bar(
            x=row[stored],
            y=names,
            orientation="h",
            name=plain(title),
            uid=uid("probabilities", place),
            marker={"color": color(places[place] if places else place)},
            text=[_percent(value) for value in row[stored]],
            textposition="auto",
            hovertemplate="%{y}: %{x:.2%}",
        )
    return style(
        figure,
        revision=revision,
        height=height or 90 + len(stored) * (16 + 14 * max(1, len(answers))),
        x_axis={"range": [0, 1], "tickformat": SHARE_TICKS},
        y_axis={"type": "category", "autorange": "reversed", "showgrid": False},
        barmode="group",
        showlegend=len(answers) > 1,
    )


def bars(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    y: str = "",
    log_y: bool = False,
    height: int = 420,
    revision: str = "bars",
) -> go.Figure:
    """Grouped bars with error bars; what was published is hatched, so that it is never taken for ours.

    Args:
        labels: one a group of bars.
        series: one a color, each with a value a label.

    Raises:
        ValueError: a series has another number of values.
    """
    figure = go.Figure()
    own, floor = 0, _decades(series)[0] if log_y else None
    names, across = apart([plain(sery.name) for sery in series]), apart([plain(label) for label in labels])
    for item, name in zip(series, names, strict=True):
        if len(item.values) != len(labels):
            raise ValueError(f"{item.name} has {len(item.values)} values for {len(labels)} labels")
        values = _numbers(item.values)
        marker = _marker(item, own)
        own += not item.published
        figure.add_bar(
            x=across,
            y=values if floor is None else _raised(values, floor),
            name=name,
            uid=uid("bars", name),
            marker=marker,
            error_y=_whiskers(values, item, floor),
            customdata=values,
            text=None if floor is None else np.where(values <= 0, "▽", ""),
            textposition="outside",
            hovertemplate="%{x}: %{customdata:.4~g}",
        )
    return style(
        figure,
        revision=revision,
        y=edges.with_notes(y, edges.CLIPPED if floor is not None and _clipped(series) else ""),
        height=height,
        x_axis={"type": "category", "showgrid": False},
        y_axis={"type": "log", "range": _decades(series), "dtick": "D2"} if log_y else {"rangemode": "tozero"},
        barmode="group",
        bargap=0.25,
    )


def _decades(series: Sequence[Series]) -> list[float]:
    """A logarithmic axis from half the smallest value: where a log bar begins is a choice, so it is always this one."""
    values = np.concatenate([_numbers(sery.values) for sery in series]) if series else np.array([])
    positive = values[values > 0]
    return [float(np.log10(positive.min() / 2)), float(np.log10(positive.max() * 1.3))] if len(positive) else [0, 2]


def _marker(series: Series, own: int) -> dict[str, object]:
    if not series.published:
        return {"color": color(own if series.place is None else series.place)}
    shade = NEUTRAL if series.place is None else color(series.place)
    return {"color": shade, "opacity": 0.75, "pattern": {"shape": "/", "size": 6, "solidity": 0.25}}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.005 else ""


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _raised(values: np.ndarray, floor: float) -> np.ndarray:
    """Bars of 0 stand on a logarithmic axis's lower edge, with a sign, where they would not be seen at all."""
    return np.where(values <= 0, 10.0**floor, values)


def _clipped(series: Sequence[Series]) -> bool:
    """Whether a bar or the lower end of an interval is 0 or less."""
    return any(bool((_numbers(ends) <= 0).any()) for sery in series for ends in (sery.values, sery.low))


def _whiskers(values: np.ndarray, series: Series, floor: float | None) -> dict[str, object] | None:
    if not len(series.low) or not len(series.high):
        return None
    low, high = _numbers(series.low), _numbers(series.high)
    if floor is not None:  # down to the edge, and no further
        values, low = _raised(values, floor), np.where(low <= 0, 10.0**floor, low)
    up, down = high - values, values - low
    return {"type": "data", "array": np.nan_to_num(up), "arrayminus": np.nan_to_num(down), "thickness": 1.5, "width": 4}
