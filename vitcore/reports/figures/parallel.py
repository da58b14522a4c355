"""Parallel coordinates: a line a run through its options and results, coloured by the last axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vitcore.reports.figures.style import PALETTE, plain, style, uid

DECADES = 100
"""From this ratio of the largest to the smallest on, an axis of positive numbers is logarithmic."""

LEAST = 105
"""Pixels that an axis takes at least, its words included; a narrower page scrolls."""

WRITTEN = 12
"""So many words stand along an axis at most; of more, evenly chosen ones."""


def parallel(
    runs: pd.DataFrame, axes: Sequence[str], labels: Mapping[str, str], *, height: int = 460, revision: str = "parallel"
) -> go.Figure | None:
    """One line a run; None where fewer than two runs or two axes are left, so that nothing could be compared.

    Args:
        runs: a row a run, with the columns that `axes` names; numbers become an axis, anything else words evenly
            spaced. A run without a number on the last axis is left out, since its colour would say something untrue.
        axes: from left to right; the last is what the lines' colour tells.
    """
    known = runs.dropna(subset=[axes[-1]]) if axes else runs
    if len(known) < 2 or len(axes) < 2:
        return None
    dimensions = [{"label": plain(labels.get(name, name)), **_axis(known[name])} for name in axes]
    shade = np.asarray(dimensions[-1]["values"], dtype=float)
    figure = go.Figure(
        go.Parcoords(
            dimensions=dimensions,
            # All three stand out from a light and from a dark page, and from one another for the colour-blind.
            line={"color": shade, "colorscale": [[0, PALETTE[0]], [0.5, PALETTE[4]], [1, PALETTE[1]]]},
            labelfont={"size": 13},
            tickfont={"size": 12},
            unselected={"line": {"color": "#808080", "opacity": 0.15}},
            labelangle=-14 if len(axes) > 4 else 0,
            uid=uid("parallel", *axes),
        )
    )
    margin, meta = {"l": 96, "r": 56, "t": 72, "b": 24}, {"least_width": LEAST * len(axes)}
    return style(figure, revision=revision, height=height, margin=margin, meta=meta)


def _axis(column: pd.Series) -> dict[str, Any]:
    """Values, and where its ticks stand and what they say."""
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any() or any(isinstance(value, bool | np.bool_) for value in column):
        return _words(column)
    values = numbers.astype(float)
    if values.min() > 0 and values.max() / values.min() >= DECADES:
        powers = np.arange(np.floor(np.log10(values.min())), np.ceil(np.log10(values.max())) + 1)
        ends = [float(powers[0]), float(powers[-1])]
        texts = [f"{10**power:,.10g}" if -4 <= power < 5 else f"10^{power:.0f}" for power in powers]
        return {"values": np.log10(values), "tickvals": powers, "ticktext": texts, "range": ends}
    few = sorted(set(values))
    if len(few) <= WRITTEN // 2 and all(value.is_integer() for value in few):
        return {"values": values, "tickvals": few, "ticktext": [f"{value:,.0f}" for value in few]}
    return {"values": values}


def _words(column: pd.Series) -> dict[str, Any]:
    texts = ["–" if value is None or value is pd.NA or value != value else str(value) for value in column]
    kinds = sorted(set(texts), key=_natural)
    places = {text: place for place, text in enumerate(kinds)}
    shown = range(0, len(kinds), -(-len(kinds) // WRITTEN))
    return {
        "values": [places[text] for text in texts],
        "tickvals": list(shown),
        "ticktext": [plain(_short(kinds[place])) for place in shown],
        "range": [-0.3, max(len(kinds) - 1, 1) + 0.3],
    }


def _natural(text: str) -> tuple[float, str]:
    try:
        return float(text), ""
    except ValueError:
        return float("inf"), text


def _short(text: str) -> str:
    return text if len(text) <= 14 else f"{text[:13]}…"
