"""What a chart has no place for stands at its edge and is said: values that are no number, and 0 on a logarithmic axis.

Plotly leaves both out without a word: a run that diverged would just stop, an error of 0 % drop out of sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vitcore.figures.style import color, plain, uid

Trace = dict[str, Any]

BROKEN = "× no number"
LEFT_OUT = "gaps: 0 or less"  # as short as a phone is high: which a logarithm has no place for, the marks say
CLIPPED = "▽ 0 or less"

AXIS = {"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False}
"""A second axis from the bottom edge (0) to the top (1), whatever the first one shows."""


def breaks(
    lines: Sequence[tuple[np.ndarray, np.ndarray]], name: str, key: str, place: int, *, along: str = ""
) -> list[Trace]:
    """A cross at the upper edge where curves' values cease to be numbers, at the lower one for minus infinity.

    Args:
        lines: x and y of each curve's points from left to right; what is not finite in y is a gap.
        along: what x counts, for the words.
    """
    found = [_break(x, y, start, along) for x, y in lines for start in _starts(~np.isfinite(y))]
    if not found:
        return []
    across, heights, words = zip(*found, strict=True)
    return [_markers(np.array(across), np.array(heights), list(words), "x", name, key, place)]


def _starts(bad: np.ndarray) -> np.ndarray:
    """Where each stretch of gaps begins."""
    return np.flatnonzero(bad & ~np.concatenate([[False], bad[:-1]]))


def _break(x: np.ndarray, y: np.ndarray, start: int, along: str) -> tuple[float, float, str]:
    """Where a stretch of gaps is marked, at which height, and in which words."""
    good = np.flatnonzero(np.isfinite(y[start:]))
    last = start + int(good[0]) - 1 if len(good) else len(x) - 1
    what = "infinite" if np.isinf(y[start]) else "no number"
    if last == start and len(good):
        when = f"at {along.lower()} {x[start]:,.7g}"
    else:
        when = f"from {along.lower()} {x[start]:,.7g} " + (f"to {x[last]:,.7g}" if len(good) else "on")
    return float(x[start]), 0.0 if np.isneginf(y[start]) else 1.0, f"{what} {when}"


def clip(traces: list[Trace]) -> tuple[list[Trace], bool]:
    """Curves and bands for a logarithmic axis, and whether anything of them had to be clipped.

    A curve has a gap where it is 0 or less, with a mark at the lower edge; a band ends at what is drawn.
    """
    given = [np.asarray(item["y"], dtype=float) for item in traces if item.get("yaxis") != "y2"]
    values = np.concatenate([*given, np.array([])])
    positive = values[np.isfinite(values) & (values > 0)]
    floor = float(positive.min()) / 2 if len(positive) else 1.0
    found: list[Trace] = []
    clipped = False
    for trace in traces:
        up = np.asarray(trace["y"], dtype=float)
        low = np.isfinite(up) & (up <= 0)
        if trace.get("yaxis") == "y2" or not low.any():
            found.append(trace)
            continue
        clipped = True
        if "fill" in trace:
            found.append({**trace, "y": np.where(low, floor, up)})
            continue
        found.append({**trace, "y": np.where(low, np.nan, up)})
        if trace.get("showlegend", True):  # not the raw line behind a smoothed one, nor a stride's extremes
            across = np.asarray(trace["x"], dtype=float)[low]
            words = [f"{value:.4g}, below a logarithmic axis" for value in up[low]]
            markers = _markers(
                across, np.zeros(len(across)), words, "triangle-down-open", trace["name"], trace["uid"], 0
            )
            markers["marker"] |= {"color": trace["line"]["color"]}
            found.append({**markers, "name": trace["name"], "legendgroup": trace.get("legendgroup")})
    return found, clipped


def positive(values: Any) -> np.ndarray:
    """The values that a logarithmic axis can show; the others are gaps."""
    given = np.asarray(values, dtype=float)
    return np.where(given > 0, given, np.nan)


def with_notes(title: str, *notes: str) -> str:
    """An axis's title with what stands at its edges."""
    return " · ".join(filter(None, [title, *notes]))


def _markers(x: np.ndarray, y: np.ndarray, words: list[str], symbol: str, name: str, key: str, place: int) -> Trace:
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "yaxis": "y2",
        "mode": "markers",
        "marker": {"symbol": symbol, "size": 9, "color": color(place), "line": {"width": 1}},
        "cliponaxis": False,
        "text": [plain(word) for word in words],
        "hovertemplate": "%{text}",
        "name": plain(name),
        "legendgroup": key,
        "showlegend": False,
        "uid": uid(key, symbol),
    }
