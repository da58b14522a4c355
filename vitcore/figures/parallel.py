"""Parallel coordinates: a line a run through its options and results, colored by the last axis."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from vitcore.figures.scales import DECADES, Scale, scale
from vitcore.figures.style import PALETTE, plain, style, uid

DECADE = 2.0  # a narrower axis has no second tick on a log scale
LEAST, LETTER = 105, 7
"""Pixels that an axis takes at least, and a letter of its words; a narrower page scrolls."""
HEAD = 7.5  # pixels of a letter of an axis's name, half of which reaches beyond an outer axis


def parallel(
    runs: pd.DataFrame,
    axes: Sequence[str],
    labels: Mapping[str, str],
    *,
    log: Collection[str] = (),
    height: int = 460,
    revision: str = "parallel",
) -> go.Figure | None:
    """One line a run; None where fewer than two runs or two axes are left, so that nothing could be compared.

    Args:
        runs: a row a run, with the columns that `axes` names; numbers become an axis, on which "–" and infinity have
            places of their own, anything else words evenly spaced. A run without a number on the last axis is left
            out, since its color would say something untrue.
        axes: from left to right; the last is what the lines' color tells.
        log: those that are logarithmic however narrow they are; others where they span two decades.
    """
    known = runs.dropna(subset=[axes[-1]]) if axes else runs
    if len(known) < 2 or len(axes) < 2:
        return None
    scales = [scale(known[name].tolist(), DECADE if name in log else DECADES) for name in axes]
    dimensions = [
        {"label": plain(labels.get(name, name)), **_dimension(item)} for name, item in zip(axes, scales, strict=True)
    ]
    figure = go.Figure(
        go.Parcoords(
            dimensions=dimensions,
            # All three stand out from a light and from a dark page, and from one another for the color-blind.
            line={
                "color": scales[-1].values,
                "cmin": scales[-1].low,
                "cmax": scales[-1].high,
                "colorscale": [[0, PALETTE[0]], [0.5, PALETTE[4]], [1, PALETTE[1]]],
            },
            labelfont={"size": 13},
            tickfont={"size": 12},
            unselected={"line": {"color": "#808080", "opacity": 0.15}},
            labelangle=-14 if len(axes) > 4 else 0,
            uid=uid("parallel", *axes),
            meta={"runs": known["id"].tolist()} if "id" in known else None,
        )
    )
    wide = sum(max(LEAST, LETTER * max(map(len, scale.texts), default=0) + 20) for scale in scales)
    first, last = (HEAD * len(labels.get(name, name)) / 2 for name in (axes[0], axes[-1]))
    margin, meta = {"l": max(96, first), "r": max(56, last), "t": 72, "b": 24}, {"least_width": wide}
    return style(figure, revision=revision, height=height, margin=margin, meta=meta)


def _dimension(item: Scale) -> dict[str, Any]:
    return {
        "values": item.values,
        "tickvals": item.ticks,
        "ticktext": item.texts,  # of all that Plotly writes these alone are read as plain text: entities would show
        "range": item.range,
    }
