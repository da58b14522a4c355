"""Durations as people say them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """3.2 -> '3 s'; 75 -> '1 min 15 s'; 8000 -> '2 h 13 min'; 200_000 -> '2 days'."""
    whole = max(0, round(seconds))
    if seconds < 1:
        return "under a second"
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    if whole < 3600:
        return f"{round(whole / 60)} min"
    hours, minutes = divmod(round(whole / 60), 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(hours / 24)} days"
