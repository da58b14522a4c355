"""Accuracy against size, with the Pareto front (the compact transformers' slides, Figure 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vitcore import events
from vitcore.figures import edges, ticks
from vitcore.figures.labels import places
from vitcore.figures.style import NEUTRAL, color, plain, style, uid

WRITTEN = 40
"""Up to so many points have their names beside them where there is room; above, and elsewhere, the hover tells."""

COSTS: dict[str, str] = {name: each.axis_label for name, each in events.costs().items()}
"""What accuracy can stand against: columns of store.queries.runs."""

PERCENT = {"minallowed": -2, "maxallowed": 102}
"""The accuracies' axis: nothing lies beyond 0 and 100 %."""

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")


def accuracy_against_size(
    points: pd.DataFrame,
    *,
    x: str = "parameters",
    y: str = "accuracy",
    group: str = "family",
    x_title: str = "Parameters",
    y_title: str = "Accuracy",
    log_x: bool = True,
    front: bool = True,
    order: Sequence[str] = (),
    height: int = 480,
    revision: str = "size",
) -> go.Figure:
    """One point a model.

    Args:
        points: `label`, the columns x, y and group; optionally `published` (hollow points), `low` and `high` (error
            bars), `ids` (the runs behind a point, handed back when it is chosen) and `chosen` (where any is, the others
            are faint).
        order: of the groups' colors and symbols, where several figures have them alike; by default that of the points.
        front: draw the models that no other beats in both size and accuracy.
    """
    figure = go.Figure()
    across, up = (pd.to_numeric(points[name], errors="coerce").astype(float) for name in (x, y))
    known_both = across.notna() & up.notna()
    known = points[np.isfinite(across) & np.isfinite(up) & ((across > 0) | (not log_x))]
    left_out = int(known_both.sum() - len(known))
    spots = (
        _spots(known, x, y, log_x)
        if len(known) <= WRITTEN
        else pd.Series([None] * len(known), index=known.index, dtype=object)
    )
    several = list(dict.fromkeys([*order, *map(str, known[group])]))
    for name, rows in known.groupby(group, sort=False):
        place = several.index(str(name))
        published = rows["published"].astype(bool) if "published" in rows else pd.Series(False, index=rows.index)
        for hollow in (True, False):
            subset = rows[published == hollow]
            if len(subset):
                _add(
                    figure,
                    subset,
                    x,
                    y,
                    f"{name}, published" if hollow else str(name),
                    place,
                    hollow,
                    spots,
                )
    if front and len(known):
        best = pareto(known, x, y)
        figure.add_scatter(
            x=best[x],
            y=best[y],
            mode="lines",
            line={"color": NEUTRAL, "dash": "dot", "shape": "hv", "width": 1.5},
            name="Pareto front",
            uid="front",
            hoverinfo="skip",
        )
    note = f"{left_out} left out, at 0 or without end" if left_out else ""
    return style(
        figure,
        revision=revision,
        x=edges.with_notes(x_title, note),
        y=y_title,
        height=height,
        x_axis=ticks.axis(x, log=log_x),
        y_axis=PERCENT,
    )


def pareto(points: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    """The rows that no other row beats with less x and more y, smallest first."""
    ordered = points.sort_values([x, y], ascending=[True, False])
    best_before = ordered[y].astype(float).cummax().shift(fill_value=-np.inf)
    return ordered[ordered[y] > best_before]


def _spots(points: pd.DataFrame, x: str, y: str, log_x: bool) -> pd.Series:
    """Where each point's name stands, None where there is no room for it; the most accurate are named first."""
    best = points.sort_values(y, ascending=False, kind="stable")
    across = best[x].to_numpy(dtype=float)
    across = np.log10(across) if log_x else across
    found = places(
        best["label"].astype(str).tolist(), across.tolist(), best[y].astype(float).tolist(), beside="low" in best
    )
    return pd.Series(found, index=best.index, dtype=object)


def _chosen(rows: pd.DataFrame) -> list[int] | None:
    """Which points stand out; None: all alike."""
    return np.flatnonzero(rows["chosen"]).tolist() if "chosen" in rows else None


def _add(
    figure: go.Figure, rows: pd.DataFrame, x: str, y: str, name: str, place: int, hollow: bool, spots: pd.Series
) -> None:
    own = spots[rows.index]
    symbol = SYMBOLS[place % len(SYMBOLS)]
    whiskers = None
    if not hollow and {"low", "high"} <= set(rows.columns):
        up, down = (rows["high"] - rows[y]).fillna(0), (rows[y] - rows["low"]).fillna(0)
        whiskers = {"type": "data", "array": up, "arrayminus": down, "thickness": 1.2, "width": 3}
    figure.add_scatter(
        x=rows[x],
        y=rows[y],
        mode="markers+text",
        name=plain(name),
        uid=uid("size", name),
        text=[f"\u2002{plain(label)}\u2002" if spot else "" for label, spot in zip(rows["label"], own, strict=True)],
        hovertext=[plain(label) for label in rows["label"]],
        textposition=[spot or "top center" for spot in own],
        textfont={"size": 10},
        customdata=rows.get("ids"),
        selectedpoints=_chosen(rows),
        error_y=whiskers,
        marker={
            "symbol": f"{symbol}-open" if hollow else symbol,
            "size": 10,
            "color": color(place),
            "line": {"width": 2, "color": color(place)},
        },
        hovertemplate="%{hovertext}<br>%{x}<br>%{y:.2f} %" if "low" in rows else "%{hovertext}<br>%{x}<br>%{y:.2f}",
    )
