"""How an axis's numbers are written: counts with their unit's letter (50 k, 5 M), times and epochs in full."""

from __future__ import annotations

from typing import Any

AMOUNTS = ("images_seen", "macs", "parameters", "step")
"""What is counted in thousands and more; the page sets a space before the letter (pages/shared/chart.js)."""

FEW = 5  # ticks of a logarithmic axis: with more a phone has them upon one another


def axis(name: str, *, log: bool = False) -> dict[str, Any]:
    """What is to be said of an axis of this metric besides its title."""
    kind: dict[str, Any] = {"type": "log", "nticks": FEW} if log else {"type": "linear"}
    if name in AMOUNTS:
        return {**kind, "tickformat": "~s", "hoverformat": ".4~s" if name == "macs" else ",.0f"}
    return {**kind, "tickformat": ",~r", "hoverformat": ",.4~r"} if log else kind
