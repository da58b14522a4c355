"""What is measured of the kernels: which series, at which head widths and numbers of tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vitcore.errors import UserError
from vitcore.layers.kernels import KERNELS, is_formula, kernel_of

WINDOW = "window"
"""Beside the kernels: softmax over a sliding window of 8 tokens either way (the hybrid report)."""

SERIES = (*KERNELS, WINDOW)
TOKENS = (17, 33, 65, 129, 257, 513, 1025, 2049, 4097)
HEAD_WIDTHS = (32, 64)
HEADS, WINDOW_TOKENS, FEATURES = 4, 8, 64


@dataclass(frozen=True)
class Plan:
    """What is measured: every series at every head width and number of tokens."""

    series: tuple[str, ...] = ("softmax", "favor+", "relu", "x^4", "elu+1", WINDOW)
    head_widths: tuple[int, ...] = HEAD_WIDTHS
    tokens: tuple[int, ...] = TOKENS
    device: str = "auto"

    @classmethod
    def parse(cls, text: str) -> Plan:
        """A plan from JSON; what is left out is as by default. Raises UserError as `check` does."""
        raw: dict[str, Any] = json.loads(text)
        own = cls()
        plan = cls(
            tuple(raw.get("series", own.series)),
            tuple(raw.get("head_widths", own.head_widths)),
            tuple(raw.get("tokens", own.tokens)),
            raw.get("device", own.device),
        )
        check(plan)
        return plan

    def points(self) -> list[tuple[int, int, str]]:
        """(head width, tokens, series), the shortest sequences first: so that all curves grow together."""
        return [(width, count, sery) for count in self.tokens for width in self.head_widths for sery in self.series]


def check(plan: Plan) -> None:
    """Refuse a plan that cannot be measured.

    Raises:
        UserError: what is wrong with it.
    """
    for sery in plan.series:
        if is_formula(sery):
            _check_formula(sery)
        elif sery not in SERIES:
            raise UserError(f"there is no kernel {sery!r} to measure; there are {', '.join(SERIES)}")
    if not plan.series or not plan.head_widths or not plan.tokens:
        raise UserError(
            "nothing was chosen to be measured; choose at least one kernel, head width and number of tokens"
        )
    if not all(1 <= count <= 16_385 for count in plan.tokens):
        raise UserError(f"{max(plan.tokens):,} tokens cannot be measured; choose 1 to 16,385")
    if not all(1 <= width <= 256 for width in plan.head_widths):
        raise UserError(f"heads {max(plan.head_widths)} wide cannot be measured; choose 1 to 256")


def _check_formula(name: str) -> None:
    try:
        kernel_of(name)
    except ValueError as error:
        raise UserError(str(error)) from None
