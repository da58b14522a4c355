"""Specs to start from, each named for the test error that every seed of it reached, with what was measured.

`presets.json` beside this file is the data; `python -m benchmarks.model.time_to_accuracy --preset NAME --write`
measures one and writes down what came out: training alone, evaluation excluded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from vitcore.errors import UserError

FILE = Path(__file__).with_name("presets.json")


@dataclass(frozen=True)
class Preset:
    """Options of a spec that differ from the defaults, and what seeds 0, 1, 2 … of it came to.

    Attributes:
        errors: test error in percent, seed by seed.
        seconds: of training, seed by seed.
        machine: where.
    """

    fields: Mapping[str, Any]
    errors: tuple[float, ...]
    seconds: tuple[float, ...]
    machine: str

    def __str__(self) -> str:
        """What was measured, in a sentence."""
        return (
            f"{fmean(self.errors):.2f} % test error on average and {max(self.errors):.2f} % at worst over "
            f"{len(self.errors)} seeds, after {fmean(self.seconds):.0f} s of training ({max(self.seconds):.0f} s at "
            f"most) on {self.machine}, trained without validation."
        )


@cache
def presets() -> Mapping[str, Preset]:
    """Every preset by its name; one that was not measured yet is none."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: Preset(
            fields=raw["fields"],
            errors=tuple(raw["measured"]["errors"]),
            seconds=tuple(raw["measured"]["seconds"]),
            machine=raw["measured"]["machine"],
        )
        for name, raw in found.items()
        if "measured" in raw
    }


def preset(name: str) -> Preset:
    """The preset of this name.

    Raises:
        UserError: there is none.
    """
    if name not in presets():
        raise UserError(f"there is no preset {name!r}; there are {', '.join(presets())}")
    return presets()[name]
