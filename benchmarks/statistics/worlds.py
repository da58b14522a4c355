"""Worlds of known truth that the statistics are tried in: errors of a table's rows over seeds, in percent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.stats

ROWS = 6
STUCK_SHARE, STUCK_ERROR = 1 / 6, 90.0
CLOSE = 0.15  # deviation of ordinary seeds, as a share of a row's error


@dataclass(frozen=True)
class World:
    """How one row's errors lie about its level: `draw` gives them, `median` and `mean` are their truth."""

    draw: Callable[[np.random.Generator, float, float, tuple[int, ...]], np.ndarray]
    median: Callable[[float, float], float]
    mean: Callable[[float, float], float]


def _normal(random: np.random.Generator, level: float, spread: float, size: tuple[int, ...]) -> np.ndarray:
    return np.clip(random.normal(level, CLOSE * spread * level, size), 0.01, 99.0)


def _log_normal(sigma: float) -> World:
    return World(
        lambda random, level, spread, size: np.minimum(level * np.exp(random.normal(0, sigma * spread, size)), 99.0),
        lambda level, spread: level,
        lambda level, spread: level * float(np.exp((sigma * spread) ** 2 / 2)),
    )


def _contaminated(random: np.random.Generator, level: float, spread: float, size: tuple[int, ...]) -> np.ndarray:
    stuck = random.random(size) < STUCK_SHARE
    return np.where(stuck, STUCK_ERROR, _normal(random, level, spread, size))


def _contaminated_median(level: float, spread: float) -> float:
    return level + CLOSE * spread * level * float(scipy.stats.norm.ppf(0.5 / (1 - STUCK_SHARE)))


WORLDS = {
    "normal": World(_normal, lambda level, spread: level, lambda level, spread: level),
    "log-normal 0.8": _log_normal(0.8),
    "log-normal 1.2": _log_normal(1.2),
    "contaminated": World(
        _contaminated,
        _contaminated_median,
        lambda level, spread: (1 - STUCK_SHARE) * level + STUCK_SHARE * STUCK_ERROR,
    ),
}
"""Normal errors, skewed ones, and normal ones of which one run in six gets stuck at 90 % without diverging."""


def levels(random: np.random.Generator, rows: int = ROWS) -> np.ndarray:
    """What the rows' errors lie about, in percent: between 2 and 12, as in the Performer report."""
    return np.exp(random.uniform(np.log(2.0), np.log(12.0), rows))


def spreads(rows: int, unequal: bool) -> np.ndarray:
    """How much wider than the world's own each row is: all alike, or half of them a quarter as wide."""
    return np.where(np.arange(rows) % 2, 0.25, 1.0) if unequal else np.ones(rows)


def seeded(
    random: np.random.Generator, deviations: np.ndarray, seeds: int, shared: float = 0.5, level: float = 30.0
) -> np.ndarray:
    """Rows of one level with these deviations in points, and what a seed does to all of them: rows x seeds.

    The level is far enough from 0 that an error 6.79 points wide stays one.
    """
    noise = random.normal(size=(len(deviations), seeds)) * deviations[:, None]
    found: np.ndarray = level + random.normal(0, shared, seeds) + noise
    return found
