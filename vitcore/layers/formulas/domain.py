"""Where a formula is no number, how low it comes, and what epsilon keeps a denominator made of it from vanishing.

Looked at from -8 to 8, where queries and keys of a trained network lie after their scaling: at 3,201 points, 0 among
them, and between those at which it is lowest. A formula can be other between two points; what is said is of these.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitcore.layers.formulas.computing import of_array
from vitcore.layers.formulas.language import read
from vitcore.layers.formulas.tree import Node, Power, text, walk

REACH = 8.0
POINTS: NDArray[np.float64] = np.linspace(-REACH, REACH, 3201)
_NOTHING, _LITTLE = 1e-12, 1e-6  # what counts as 0, and below what a sum over few tokens may be lost
_SILENT = 0.01  # the part of the points from which on a token may well lie where φ is 0 all over
FLAT_EPSILON, TOUCHING_EPSILON, MARGIN = 1e-3, 1e-6, 1e-3
LARGEST_EPSILON = 1.0  # that a spec takes


@dataclass(frozen=True)
class Lowest:
    """The least φ from -8 to 8, where, and on what part of the points it is 0 or less."""

    value: float
    place: float
    silent: float

    @property
    def positive(self) -> bool:
        """Whether no denominator can vanish, with nothing added."""
        return self.value >= _LITTLE

    @property
    def cure(self) -> float | None:
        """The least epsilon of a round size with which no denominator vanishes; None where none up to 1 does."""
        if self.positive:
            return 0.0
        if self.value < -_NOTHING:
            needed = float(np.ceil((MARGIN - self.value) * 1000) / 1000)
            return needed if needed <= LARGEST_EPSILON else None
        return FLAT_EPSILON if self.silent > _SILENT else TOUCHING_EPSILON


@functools.lru_cache(maxsize=1024)
def check(formula: str) -> None:
    """Hold that the formula is a finite number, computed in float32, from -8 to 8.

    Raises:
        ValueError: one sentence naming a place where it is none; or as `language.read`.
    """
    node = read(formula)
    for part in walk(node):
        if isinstance(part, Power) and part.exponent < 0:
            place = _zero(part.base)
            if place is not None:
                raise ValueError(
                    f"the formula {text(node)!r} divides by {text(part.base)}, which is 0 at x = {place:.4g}; add a "
                    "constant that keeps it away from 0"
                )
    values = of_array(node, POINTS.astype(np.float32))
    bad = ~np.isfinite(values)
    if bad.any():
        place = float(POINTS[bad][np.abs(POINTS[bad]).argmin()])
        value = values[place == POINTS][0]
        raise ValueError(
            f"the formula {text(node)!r} is {'no number' if np.isnan(value) else 'too large'} at x = {place:.4g}, and "
            "every x from -8 to 8 may come; "
            + ("keep what a root or a logarithm is taken of from 0 up, by abs or relu" if np.isnan(value) else
               "let it grow less, or bound it by min(…)")
        )  # fmt: skip


@functools.lru_cache(maxsize=1024)
def lowest(formula: str) -> Lowest:
    """How low the formula comes.

    Raises:
        ValueError: as `language.read`.
    """
    node = read(formula)
    values = of_array(node, POINTS)
    place, value = _least(node, values)
    return Lowest(value, place, float((values <= _NOTHING).mean()))


def _least(node: Node, values: NDArray[np.floating]) -> tuple[float, float]:
    """(place, value) of the least value, looked for between the points about the lowest dozen too."""
    order = np.argsort(values)[:12]
    found = float(POINTS[order[0]]), float(values[order[0]])
    step = POINTS[1] - POINTS[0]
    for middle in POINTS[order]:
        width = step
        for _ in range(8):  # eight times a finer look at the lowest tenth
            near = np.clip(np.linspace(middle - width, middle + width, 41), -REACH, REACH)
            there = of_array(node, near)
            middle, width = near[there.argmin()], width / 10
            if there.min() < found[1]:
                found = float(middle), float(there.min())
    return found


def _zero(node: Node) -> float | None:
    """Where a denominator is 0 or so near that a quotient would be nothing but rounding; None: nowhere."""
    from vitcore.layers.formulas.simple import call

    values = of_array(node, POINTS)
    crossing = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)
    if len(crossing):
        return float(POINTS[crossing[0]])
    place, value = _least(call("abs", [node]), np.abs(values))
    return place if value < 1e-9 else None
