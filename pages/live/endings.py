"""How runs have ended, in the words of a notification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pages.shared import format
from vitcore.runs.notify import ON


def of(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, str]:
    """By id, how each run that has ended without anybody's asking did; of the others nothing."""
    return {run["id"]: f"{names[run['id']]} {_how(run)}" for run in rows if run["status"] in ON}


def _how(run: Mapping[str, Any]) -> str:
    if run["status"] != "finished":
        return str(run["status"]) + ("" if format.missing(run["reason"]) else f": {run['reason']}")
    measured = "" if format.missing(run["val_error"]) else f", validation error {format.percent(run['val_error'], 2)}"
    return f"finished{measured}"
