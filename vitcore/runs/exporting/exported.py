"""What goes out of a stored run: its name, its settings, its epochs and how it ended."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vitcore import events
from vitcore.errors import UserError
from vitcore.runs import annotations as remarks
from vitcore.runs import journal
from vitcore.runs import status as states
from vitcore.runs.fold import Fold
from vitcore.runs.folder import RunFolder


@dataclass(frozen=True)
class Exported:
    """A run.

    Attributes:
        settings: its spec's options that are not left empty, or what another program told of it.
        epochs: unix seconds, and the metrics that are numbers, of each epoch that counts.
        started, ended: unix seconds; None: unknown.
    """

    id: str
    title: str
    status: str
    origin: str
    settings: Mapping[str, Any]
    epochs: Mapping[int, tuple[float | None, Mapping[str, float]]]
    started: float | None
    ended: float | None


def exported(folder: RunFolder) -> Exported:
    """A stored run as it is now.

    Raises:
        UserError: its spec or its journal cannot be read, or it has no epoch yet.
    """
    elsewhere = folder.elsewhere()
    settings = elsewhere.parameters if elsewhere else {k: v for k, v in folder.spec().flat().items() if v is not None}
    try:
        fold = Fold().take_all(journal.read(folder.events)[0])
    except OSError as error:
        raise UserError(f"the journal of run {folder.id} cannot be read: {error.strerror or error}") from None
    epochs = {number: (_seconds(row.get("at")), dict(_numbers(row))) for number, row in fold.attempts.lines.items()}
    if not epochs:
        raise UserError(f"run {folder.id} has no epoch yet, so there is nothing of it to export")
    return Exported(
        folder.id,
        remarks.title(folder),
        states.now(folder),
        elsewhere.origin if elsewhere else "",
        settings,
        epochs,
        _seconds(fold.row.get("started")),
        _seconds(fold.row.get("ended")),
    )


def _numbers(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name in events.metrics():
        value = row.get(name)
        if name != "epoch" and isinstance(value, int | float) and math.isfinite(value):
            yield name, float(value)


def _seconds(moment: object) -> float | None:
    return moment.replace(tzinfo=UTC).timestamp() if isinstance(moment, datetime) else None
