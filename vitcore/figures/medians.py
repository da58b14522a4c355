"""The median of several curves: at each point over those that have a value there, and over nothing where none has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vitcore.statistics.intervals import typical_band
from vitcore.statistics.scales import Scale

EVEN = 60
"""Points of an axis on which no two runs meet (seconds), besides the ends of each run."""


IN_WORDS = (
    "Line: the median over runs. Band: that median's 95 % interval, on log odds (losses and seconds: on the logarithm) "
    "as in the reports' tables; few runs make a wide one, and one run none."
)
"""What a group's line and band are, for the person who looks at them."""

BANDS: dict[str, tuple[str, str]] = {
    "interval": ("95 % interval", IN_WORDS),
    "range": (
        "Smallest to largest",
        "Line: the median over runs. Band: from the smallest to the largest of them at each point: it shows these "
        "runs, is no interval of any other, and widens with their number.",
    ),
    "deviation": (
        "Standard deviation",
        "Line: the mean over runs. Band: one standard deviation of single runs to either side, cut at the ends of a "
        "share; it is no interval of the mean.",
    ),
}
"""The bands that a group's line can have: what each is called, and what line and band are then."""


class Median(NamedTuple):
    """A median curve from left to right; NaN where it is broken. With the band "deviation" it is a mean.

    `low` and `high` are the band's ends, by default the 95 % interval of the tables (statistics.intervals); NaN where
    fewer than two runs are there. `number` is how many are.
    """

    x: np.ndarray
    center: np.ndarray
    low: np.ndarray
    high: np.ndarray
    number: np.ndarray

    def many(self) -> str:
        """How many runs it is over: "3", or "1 to 3"."""
        there = self.number[self.number > 0]
        if not len(there):
            return "0"
        return f"{there.max()}" if there.min() == there.max() else f"{there.min()} to {there.max()}"

    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        """The interval's outline as closed shapes, one a stretch on which several runs are there, NaN between them."""
        several = np.isfinite(self.low)
        starts = np.flatnonzero(several & ~np.concatenate([[False], several[:-1]]))
        ends = np.flatnonzero(several & ~np.concatenate([several[1:], [False]])) + 1
        across: list[np.ndarray] = []
        up: list[np.ndarray] = []
        for start, end in zip(starts, ends, strict=True):
            gap = [np.array([np.nan])] if across else []
            part = self.x[start:end]
            across += [*gap, part, part[::-1]]
            up += [*gap, self.high[start:end], self.low[start:end][::-1]]
        return np.concatenate(across), np.concatenate(up)


def median(
    lines: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    scale: Scale,
    *,
    exact: bool,
    images: int | None = None,
    band: str = "interval",
) -> Median:
    """The median over runs at each x; a run is there between its own ends alone.

    Args:
        lines: of each run x, ascending; its values; and what is drawn of them (the same, smoothed).
        scale: on which the values' spread is alike; no interval reaches beyond its ends.
        exact: x is counted (epochs), so that between two of a run's points there is nothing; else it is measured, and
            a run has a value between two of its points.
        images: that each value is a share of; their binomial error is part of the interval.
        band: one of BANDS.
    """
    along = _points([x for x, _, _ in lines], exact)
    nested = exact or len(along) <= max(len(x) for x, _, _ in lines)
    rows = []
    for x, raw, drawn in lines:
        known = np.isfinite(raw)
        own = np.where(known, drawn, np.nan)
        rows.append(_there(along, x[known], own[known]) if nested else _between(along, x, own))
    values = np.array(rows)  # runs x points
    found = typical_band(values, scale, images=images) if band == "interval" else _around(values, scale, band)
    return Median(along, *found, np.isfinite(values).sum(axis=0))


def _around(values: np.ndarray, scale: Scale, band: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Line, lower and upper end of a band that describes the runs (runs x points); no end where there are not two."""
    found = np.full((3, values.shape[1]), np.nan)
    known = np.where(np.isfinite(values), values, np.nan)
    number = np.isfinite(known).sum(axis=0)
    there, several = number > 0, number > 1
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged journal may hold anything
        if band == "range":
            found[0, there] = np.nanmedian(known[:, there], axis=0)
            found[1, several], found[2, several] = (f(known[:, several], axis=0) for f in (np.nanmin, np.nanmax))
        else:
            found[0, there] = np.nanmean(known[:, there], axis=0)
            spread = np.nanstd(known[:, several], axis=0, ddof=1)
            least, most = _ends(scale)
            found[1, several] = np.maximum(found[0, several] - spread, least)
            found[2, several] = np.minimum(found[0, several] + spread, most)
    return found[0], found[1], found[2]


def _ends(scale: Scale) -> tuple[float, float]:
    """Beyond which no value of this scale can lie."""
    return (-np.inf if scale.kind == "real" else 0.0), (scale.top if scale.kind == "share" else np.inf)


def _points(all_x: Sequence[np.ndarray], exact: bool) -> np.ndarray:
    """Where the median is taken: at every run's own points; of measured axes at even ones and each run's ends."""
    union = np.unique(np.concatenate(all_x))
    if exact or len(union) <= max(map(len, all_x)):
        return union
    ends = [end for x in all_x if len(x) for end in (x[0], x[-1])]
    return np.unique(np.concatenate([np.linspace(union[0], union[-1], EVEN), ends]))


def _there(along: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A run's values at its own points, NaN at all others."""
    found = np.full(len(along), np.nan)
    found[np.searchsorted(along, x)] = y
    return found


def _between(along: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A run's values between its ends, NaN beyond them and where a neighbor is none."""
    values: np.ndarray = np.interp(along, x, y, left=np.nan, right=np.nan)
    return values
