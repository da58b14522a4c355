"""A sweep over any options of a run: lists and ranges of values, every combination of them, or some drawn at random."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vitcore.errors import UserError

MOST = 500
"""Runs of one sweep."""


@dataclass(frozen=True)
class Span:
    """The numbers from `low` to `high`, of an option that takes whole numbers or any.

    Attributes:
        steps: how many of them a grid takes, both ends among them.
        log: evenly by their logarithm, as learning rates are tried.
    """

    low: float
    high: float
    steps: int = 5
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise UserError(
                f"a range goes from the smaller number to the larger; given were {self.low:g}, {self.high:g}"
            )
        if self.log and self.low <= 0:
            raise UserError(f"a range by logarithm begins above 0; given was {self.low:g}")

    def grid(self) -> list[Any]:
        """Its values in a grid, each once. Raises UserError where fewer than both ends are asked for."""
        if self.steps < 2:
            raise UserError(f"a range has at least its two ends; {self.steps} values were asked for")
        return list(dict.fromkeys(self._at(step / (self.steps - 1)) for step in range(self.steps)))

    def draw(self, generator: random.Random) -> Any:
        """One value, evenly distributed over it."""
        if self.whole and not self.log:
            return generator.randint(math.ceil(self.low), math.floor(self.high))
        return self._at(generator.random())

    def _at(self, share: float) -> Any:
        """The value that lies so far between the ends, in three figures: more of them are noise."""
        low, high = self.low, self.high
        found = low * (high / low) ** share if self.log else low + (high - low) * share
        if self.whole:
            return round(found)
        if share in (0, 1):
            return high if share else low
        return min(max(float(f"{found:.3g}"), low), high)  # of a narrow range three figures may lie outside


Values = Sequence[Any] | Span


def grid(swept: Mapping[str, Values]) -> list[dict[str, Any]]:
    """Every combination, the last option changing fastest.

    Raises:
        UserError: there are more than MOST.
    """
    lists = {name: values.grid() if isinstance(values, Span) else list(values) for name, values in swept.items()}
    total = math.prod(len(values) for values in lists.values())
    if total > MOST:
        raise UserError(f"{total:,} combinations are more than one click may queue; choose at most {MOST}")
    return [dict(zip(lists, chosen, strict=True)) for chosen in itertools.product(*lists.values())]


def draws(swept: Mapping[str, Values], count: int, seed: int) -> list[dict[str, Any]]:
    """`count` combinations drawn at random (Bergstra and Bengio 2012), no two alike; fewer where there are not as many.

    The same seed draws the same ones.

    Raises:
        UserError: more than MOST are asked for.
    """
    if count > MOST:
        raise UserError(f"{count:,} runs are more than one click may queue; choose at most {MOST}")
    generator, found = random.Random(seed), dict[tuple[Any, ...], None]()
    for _ in range(100 * count):
        if len(found) == count:
            break
        found[tuple(v.draw(generator) if isinstance(v, Span) else generator.choice(v) for v in swept.values())] = None
    return [dict(zip(swept, chosen, strict=True)) for chosen in found]
