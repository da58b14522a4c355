"""The mean of several curves: at each point over those that have a value there, and over nothing where none has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vitcore.statistics.intervals import half_widths

EVEN = 60
"""Points of an axis on which no two runs meet (seconds), besides the ends of each run."""


class Mean(NamedTuple):
    """A mean curve from left to right; NaN where it is broken."""

    x: np.ndarray
    mean: np.ndarray
    half: np.ndarray  # of the 95 % interval; NaN where fewer than two runs are there
    number: np.ndarray  # of runs that are there

    def many(self) -> str:
        """How many runs it is over: "3", or "1 to 3"."""
        there = self.number[self.number > 0]
        if not len(there):
            return "0"
        return f"{there.max()}" if there.min() == there.max() else f"{there.min()} to {there.max()}"

    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        """The interval's outline as closed shapes, one a stretch on which several runs are there, NaN between them."""
        several = np.isfinite(self.half)
        starts = np.flatnonzero(several & ~np.concatenate([[False], several[:-1]]))
        ends = np.flatnonzero(several & ~np.concatenate([several[1:], [False]])) + 1
        across: list[np.ndarray] = []
        up: list[np.ndarray] = []
        low, high = self.mean - self.half, self.mean + self.half
        for start, end in zip(starts, ends, strict=True):
            gap = [np.array([np.nan])] if across else []
            part = self.x[start:end]
            across += [*gap, part, part[::-1]]
            up += [*gap, high[start:end], low[start:end][::-1]]
        return np.concatenate(across), np.concatenate(up)


def averaged(lines: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], *, exact: bool) -> Mean:
    """The mean over runs at each x; a run is there between its own ends alone.

    Args:
        lines: of each run x, ascending; its values; and what is drawn of them (the same, smoothed).
        exact: x is counted (epochs), so that between two of a run's points there is nothing; else it is measured, and
            a run has a value between two of its points.
    """
    along = _points([x for x, _, _ in lines], exact)
    nested = exact or len(along) <= max(len(x) for x, _, _ in lines)
    rows = []
    for x, raw, drawn in lines:
        known = np.isfinite(raw)
        own = np.where(known, drawn, np.nan)
        rows.append(_there(along, x[known], own[known]) if nested else _between(along, x, own))
    values = np.array(rows)  # runs x points
    there = np.isfinite(values)
    count = there.sum(axis=0)
    subset = np.maximum(count, 1)
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to be squared has no interval
        mean = np.where(there, values, 0).sum(axis=0) / subset
        spread = np.sqrt(np.where(there, (values - mean) ** 2, 0).sum(axis=0) / np.maximum(count - 1, 1))
    return Mean(along, np.where(count > 0, mean, np.nan), half_widths(subset, spread), count)


def _points(all_x: Sequence[np.ndarray], exact: bool) -> np.ndarray:
    """Where the mean is taken: at every run's own points; of measured axes at even ones and each run's ends."""
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
