"""Where the names of points can stand in a chart so that none lies on another: greedily, best points first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

POS_EMBEDS: dict[str, tuple[float, float]] = {
    "top center": (-0.5, 0.55),
    "bottom center": (-0.5, -1.55),
    "middle right": (0.12, -0.5),
    "middle left": (-1.12, -0.5),
}
"""Plotly's names, and the lower left corner of the label in its own widths and heights, counted from the point."""

LETTER, LINE = 5.6, 15.0  # pixels of a letter, and of a line with its air, at 10 px
WIDTH, HEIGHT = 620.0, 330.0  # pixels of a plot's inside that the places are chosen for
MARGIN = 34.0  # pixels between the outermost points and the edge of the plot


def places(names: Sequence[str], x: Sequence[float], y: Sequence[float], *, beside: bool = False) -> list[str | None]:
    """For each point Plotly's `textposition`, or None where its name would lie on another's or on a point.

    Points given first are served first. `x` and `y` are as drawn: logarithms where the axis is logarithmic. With
    `beside` the sides of points come first, since error bars run above and below.
    """
    across, up = _pixels(x, WIDTH), _pixels(y, HEIGHT)
    taken = [(a - 6, u - 6, a + 6, u + 6) for a, u in zip(across, up, strict=True)]
    chosen: list[str | None] = []
    ordered = list(POS_EMBEDS.items())[:: -1 if beside else 1]
    for index, name in enumerate(names):
        wide = LETTER * len(name)
        others = taken[:index] + taken[index + 1 :]
        found = None
        for position, (right, above) in ordered:
            left, low = across[index] + right * wide, up[index] + above * LINE
            box = (left, low, left + wide, low + LINE)
            inside = box[0] >= -MARGIN and box[2] <= WIDTH + MARGIN
            if inside and not any(_overlap(box, other) for other in others):
                found = position
                taken.append(box)
                break
        chosen.append(found)
    return chosen


def _pixels(values: Sequence[float], length: float) -> np.ndarray:
    given = np.clip(np.asarray(values, dtype=float), -1e300, 1e300)  # beyond, a span has no number any more
    span = float(np.ptp(given)) if len(given) else 0.0
    return np.full(len(given), length / 2) if span == 0 else (given - given.min()) / span * length


def _overlap(item: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return item[0] < other[2] and other[0] < item[2] and item[1] < other[3] and other[1] < item[3]
