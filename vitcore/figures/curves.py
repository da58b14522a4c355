"""Learning curves: runs over epochs, images, seconds or arithmetic; groups as a median with its 95 % interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vitcore import events
from vitcore.apart import apart
from vitcore.figures import edges, ticks
from vitcore.figures.medians import BANDS, Median, median
from vitcore.figures.metrics import SHARES, images_of, scale_of
from vitcore.figures.style import SHARE_TICKS, color, dash, faint, layout, plain, uid

X_AXES: dict[str, str] = {
    **{name: each.axis_label for name, each in events.metrics("x").items()},
    "step": "Step",
    "macs": "Multiply-accumulates",
}
"""What a curve can run over: a column of the epochs; `step`, epochs x steps an epoch; `macs`, images seen x 3 x one
image's forward pass."""

CHOSEN_BY = "held_out_accuracy"
"""What is drawn where nobody has chosen: by it epochs are chosen, so the test images are where there are no others."""

Y_AXES: dict[str, str] = {
    CHOSEN_BY: f"{events.metrics()['val_accuracy'].label} (without: test)",
    **{name: each.axis_label for name, each in events.metrics("y").items()},
}

SCORES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    name: (names, flags)
    for names, flags in (
        (events.scores(), ("evaluated",)),
        (events.validated(), ("validated",)),
        (tuple(events.HELD_OUT), ("evaluated", "validated")),
    )
    for name in names
}
"""What is known of the epochs after which there was an evaluation: its neighbors, and the columns that tell of one."""

LOSSES = (*events.unfinite(), "held_out_loss")  # written without a value where the loss was no number
WHOLE = 12  # epochs up to which every one has its tick: nothing lies between them

DENSE = 400  # points above which a curve is as thin as it can be: it is a band of its own noise, and hides another's

FORWARD_AND_BACKWARD = 3
"""A training step costs the forward pass and about twice as much again for the two gradients."""


Trace = dict[str, Any]


def curves(epochs: pd.DataFrame, runs: pd.DataFrame | None = None, **asked: Any) -> go.Figure:
    """`curve_plot`, which explains what can be asked for, as a Plotly figure."""
    return go.Figure(curve_plot(epochs, runs, **asked))


def curve_plot(
    epochs: pd.DataFrame,
    runs: pd.DataFrame | None = None,
    *,
    x: str = "epoch",
    y: str | None = None,
    group: str | Sequence[str] | None = None,
    smoothing: float = 0.0,
    log_x: bool = False,
    log_y: bool = False,
    spread: tuple[str, str] | None = None,
    band: str = "interval",
    title: str = "",
    height: int = 420,
    revision: str | None = None,
    label: Callable[[str, Any], str] | None = None,
) -> dict[str, Any]:
    """One line a run, or one line and band a group of runs: a figure's `data` and `layout` as plain data.

    Plain, since Plotly's own objects take long to make, and a page that looks on needs one a second.

    Args:
        epochs: `run_id`, `epoch` and the epoch line's fields, as store.queries.epochs gives them.
        runs: `id` and, where wanted, `title`, `macs`, `steps_per_epoch` and the columns to group by, as
            store.queries.runs gives them; its order decides the colors, or each run's `place` in the palette where
            there is that column, of a group one that all its runs share. None: runs are named by their ids.
        y: a column of the epochs. None: the accuracy by which epochs are chosen, where the frame has it.
        group: column or columns of `runs`; a group's line is at each point the median over its runs that have one
            there, the band its 95 % interval as in the tables: no band reaches below 0, or above 100 %.
        band: another of medians.BANDS for groups.
        smoothing: 0 (none) to below 1: weight of the past in an exponential mean; the raw line stays behind it, faint.
        spread: columns of the smallest and the largest value that a point stands for, drawn behind a run's line.
        label: what a group's column and value are called in the legend; by default the value alone.
        title: of the axis of values; by default the metric's own.
        revision: what keeps the zoom; by default the pair of axes, so that choosing another axis starts afresh.

    Raises:
        ValueError: there is no such axis or band, or smoothing is out of its range.
    """
    y = y or (CHOSEN_BY if CHOSEN_BY in epochs else "accuracy")
    for name, table in ((x, X_AXES), (y, Y_AXES)):
        if name not in table and name not in epochs.columns:
            raise ValueError(f"there is no axis {name!r}; there are {', '.join(table)}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing is {smoothing}; it must be at least 0 and below 1")
    if band not in BANDS:
        raise ValueError(f"there is no band {band!r}; there are {', '.join(BANDS)}")
    found = _lines(epochs, runs, x, y)
    ends = [_lines(epochs, runs, x, column) for column in spread or ()]
    data: list[Trace] = []
    behind: list[Trace] = []  # every run's extremes: over another run's curve they would hide it
    markers: list[Trace] = []
    own = {} if runs is None or "place" not in runs else dict(zip(runs["id"], runs["place"], strict=True))
    for order, (name, ids) in enumerate(_names(epochs, runs, group, label or _plainly).items()):
        place = _place(own, ids, order)
        lines = [found[run_id] for run_id in ids if run_id in found]
        if not lines:
            continue
        key = f"{y}:{ids[0] if group is None else name}"
        if y in (*SCORES, *LOSSES):
            markers += edges.breaks(lines, name, key, place, along=X_AXES.get(x, x))
        lines = [line for line in lines if np.isfinite(line.y).any()]
        if group is None:
            behind += _spread([end[ids[0]] for end in ends], name, key, place) if ends else []
            data += _run(lines[0], name, key, place, smoothing) if lines else []
        elif lines:
            middle = median(
                [(line.x, line.y, _smooth(line.y, smoothing)) for line in lines],
                scale_of(y, [line.y for line in lines]),
                exact=x == "epoch" and "step" not in epochs,
                images=None if runs is None else images_of(y, runs[runs["id"].isin(set(ids))]),
                band=band,
            )
            data += _group(middle, name, key, place, y, ids)
    data = behind + data
    shown = bool(data)
    data, clipped = edges.clip(data) if log_y else (data, False)
    notes = [*[edges.BROKEN] * bool(markers), *[edges.CLIPPED] * clipped]
    data += markers
    few = x == "epoch" and len(epochs) and epochs["epoch"].max() <= WHOLE
    drawn = layout(
        revision=revision or f"{x}:{y}",
        x=X_AXES.get(x, x),
        y=edges.with_notes(title or Y_AXES.get(y, y), *notes),
        height=height,
        x_axis={**ticks.axis(x, log=log_x), **({"dtick": 1} if few and not log_x else {})},
        y_axis={**ticks.axis(y, log=log_y), **(_shares(log_y) if y in SHARES else {})},
        hovermode="x unified" if len(data) <= 16 else "closest",
        yaxis2=edges.AXIS,
        meta={"notes": notes},
    )
    if not shown:
        drawn["yaxis"]["showticklabels"] = False  # nothing but marks at the edge: there is no scale
    return {"data": data, "layout": drawn}


def _place(own: Mapping[str, Any], ids: Sequence[str], order: int) -> int:
    """Where a line's color stands in the palette: at its runs' own place where they share one, else at its order."""
    places = {own.get(id) for id in ids}
    place = places.pop() if len(places) == 1 else None
    return order if place is None or place != place else int(place)


def _shares(log_y: bool) -> dict[str, Any]:
    """An axis of shares, with as many digits as tell its ticks apart; a single point would be given one up to 150 %."""
    return {
        "tickformat": SHARE_TICKS,
        "hoverformat": ".2%",
        **({} if log_y else {"minallowed": -0.02, "maxallowed": 1.02}),
    }


def _names(
    epochs: pd.DataFrame,
    runs: pd.DataFrame | None,
    group: str | Sequence[str] | None,
    label: Callable[[str, Any], str],
) -> dict[str, list[str]]:
    """Name of a line -> the ids behind it, in the order of `runs`."""
    present = list(dict.fromkeys(epochs["run_id"]))
    if runs is None:
        return {run_id: [run_id] for run_id in present}
    known = runs[runs["id"].isin(set(present))]
    if group is None:
        titles = known["title"] if "title" in known else known["id"]
        ids = [str(id) for id in known["id"]]
        return {name: [id] for name, id in zip(apart(list(titles), [id[-4:] for id in ids]), ids, strict=True)}
    columns = [group] if isinstance(group, str) else list(group)
    texts = pd.DataFrame({name: [label(name, value) for value in known[name]] for name in columns}, index=known.index)
    grouped: dict[tuple[str, ...], list[str]] = {}  # by their parts: joined, two groups may read alike
    for run_id, parts in zip(known["id"], texts.itertuples(index=False, name=None), strict=True):
        grouped.setdefault(parts, []).append(run_id)
    return dict(zip(apart([" · ".join(parts) for parts in grouped]), grouped.values(), strict=True))


def _plainly(name: str, value: Any) -> str:
    """A group's value by itself; a dash where there is none."""
    return "–" if value is None or value is pd.NA or value != value else str(value)


class Line(NamedTuple):
    """A run's points, from left to right; a value that is no number or infinite is a gap."""

    x: np.ndarray
    y: np.ndarray

    def known(self) -> Line:
        """The points that have a value."""
        there = np.isfinite(self.y)
        return Line(self.x[there], self.y[there])


def _lines(epochs: pd.DataFrame, runs: pd.DataFrame | None, x: str, y: str) -> dict[str, Line]:
    """Each run's line; epochs that were not evaluated are left out, and so is a run of which nothing is known.

    All runs at once: a thousand frames cut out one by one take seconds.
    """
    along = epochs[x] if x in epochs else _derived(epochs, runs, x)
    places, ids = pd.factorize(epochs["run_id"])
    across = pd.to_numeric(along).to_numpy(dtype=float, na_value=np.nan)
    up = pd.to_numeric(epochs[y]).to_numpy(dtype=float, na_value=np.nan)
    due: np.ndarray = _due(epochs, y)
    if y not in LOSSES:  # a run of which the column was never told has no line, a loss that never was a number has
        due[~np.isin(places, places[np.isfinite(up)])] = False
    whole = np.flatnonzero(np.isfinite(across) & (due | ~np.isnan(up)))
    order = whole[np.lexsort((across[whole], places[whole]))]
    starts = np.flatnonzero(np.diff(places[order], prepend=-1))
    pieces = np.split(order, starts[1:]) if len(order) else []
    return {ids[places[piece[0]]]: Line(across[piece], up[piece]) for piece in pieces}


def _derived(epochs: pd.DataFrame, runs: pd.DataFrame | None, x: str) -> pd.Series:
    """What the epochs have run over, by what is known of their runs: `macs` or `step`; NaN where it is not."""
    column = {"macs": "macs", "step": "steps_per_epoch"}[x]
    known = runs if runs is not None and column in runs else pd.DataFrame({"id": [], column: []})
    each = pd.to_numeric(epochs["run_id"].map(dict(zip(known["id"], known[column], strict=True))), errors="coerce")
    return epochs["epoch"] * each if x == "step" else epochs["images_seen"] * each * FORWARD_AND_BACKWARD


def _due(epochs: pd.DataFrame, y: str) -> np.ndarray:
    """The rows that have a value of this column, or would have one if it were a number."""
    if y not in SCORES:
        return np.ones(len(epochs), dtype=bool)
    names, flags = SCORES[y]
    others = [name for name in names if name in epochs and name != y]
    due = np.asarray(epochs[others].notna().to_numpy().any(axis=1), dtype=bool)
    for flag in flags:
        if flag in epochs:
            due = np.asarray(due | (epochs[flag] == True).to_numpy(), dtype=bool)  # noqa: E712  of epochs from elsewhere it may be empty
    return due


def _smooth(values: np.ndarray, smoothing: float) -> np.ndarray:
    """Exponential mean, corrected for its start; gaps stay."""
    if smoothing == 0:
        return values
    given = pd.Series(np.where(np.isfinite(values), values, np.nan))
    mean = given.ewm(alpha=1 - smoothing, adjust=True).mean()
    return mean.where(given.notna()).to_numpy(dtype=float)


def _run(line: Line, name: str, key: str, place: int, smoothing: float) -> list[Trace]:
    """A run's curve; smoothed, with the raw one faint behind it."""
    curve = _curve(line.x, _smooth(line.y, smoothing), name, key, place)
    if not smoothing:
        return [curve]
    shade = {"color": faint(color(place), 0.25), "width": 1}
    return [{"x": line.x, "y": line.y, "mode": "lines", "line": shade, **_aside(name, key, "raw")}, curve]


def _spread(ends: list[Line], name: str, key: str, place: int) -> list[Trace]:
    """An upright stroke from the smallest to the largest value of each point; none where a point is one value."""
    low, high = ends
    if not (low.y < high.y).any():
        return []
    nothing = np.full(len(low.x), np.nan)
    along, up = np.column_stack([low.x, low.x, nothing]), np.column_stack([low.y, high.y, nothing])
    shade = {"color": faint(color(place), 0.25), "width": 1}
    return [{"x": along.ravel(), "y": up.ravel(), "mode": "lines", "line": shade, **_aside(name, key, "spread")}]


def _group(found: Median, name: str, key: str, place: int, y: str, ids: Sequence[str]) -> list[Trace]:
    """The median of a group's curves, and its interval as a band behind it where there are several.

    Args:
        ids: the group's runs, which a page chooses by its curve.
    """
    band: list[Trace] = []
    if np.isfinite(found.low).any():
        there, back = found.outline()
        shape = {"fill": "toself", "fillcolor": faint(color(place), 0.18), "line": {"width": 0}, "mode": "lines"}
        band = [{"x": there, "y": back, **shape, **_aside(name, key, "band")}]
    curve = _curve(found.x, found.center, f"{name} · n = {found.many()}", key, place)
    texts = _interval_texts(found, y)
    more = {"connectgaps": False, "customdata": texts, "hovertemplate": "%{y}%{customdata}"}
    return [*band, {**curve, **more, "meta": {"runs": list(ids)}}]


def _interval_texts(found: Median, y: str) -> list[str]:
    """What a point says besides its median: the interval where several runs are there, and how many are."""
    form = "{:.2%}" if y in SHARES else "{:.4g}"
    return [
        (f" [{form.format(low)} to {form.format(high)}]" if np.isfinite(low) else "") + f" (n = {count})"
        for low, high, count in zip(found.low, found.high, found.number, strict=True)
    ]


def _curve(x: np.ndarray, y: np.ndarray, name: str, key: str, place: int) -> Trace:
    return {
        "type": "scatter",
        "x": x,
        "y": np.where(np.isfinite(y), y, np.nan),
        "mode": "lines+markers" if len(x) <= 40 or _lonely(y) else "lines",
        "line": {"color": color(place), "width": 2 if len(x) <= DENSE else 1, "dash": dash(place)},
        "marker": {"size": 5},
        "name": plain(name),
        "legendgroup": key,
        "uid": uid(key),
    }


def _lonely(y: np.ndarray) -> bool:
    """Whether some value stands between two gaps, where a line alone would not show it."""
    there = np.concatenate([[False], np.isfinite(y), [False]])
    return bool((there[1:-1] & ~there[:-2] & ~there[2:]).any())


def _aside(name: str, key: str, part: str) -> Trace:
    """What lies behind a curve and goes with it."""
    common = {"name": plain(name), "legendgroup": key, "uid": uid(key, part)}
    return {"type": "scatter", "hoverinfo": "skip", "showlegend": False, **common}
