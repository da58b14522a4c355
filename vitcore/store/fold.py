"""Journal lines into a run's row: each event is laid over what is known; nothing in a line is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vitcore.runs.folder import FORMAT
from vitcore.runs.status import ENDINGS

_INT64 = 2**63
_STARTED = {
    "device_used": "device",
    "precision_used": "precision",
    "threads": "threads",
    "pid": "pid",
    "train_rows": "train_rows",
    "val_rows": "val_rows",
    "test_rows": "test_rows",
    "data_digest": "data_digest",
    "parameters": "parameters",
    "macs": "macs",
    "steps_per_epoch": "steps_per_epoch",
    "resumed_from": "resumed_from",
}
_WHOLE = {"threads", "pid", "train_rows", "val_rows", "test_rows", "parameters", "macs"}
_WHOLE |= {"steps_per_epoch", "resumed_from"}
_OF_AN_ATTEMPT = (  # told by the attempt before, and no longer so
    *("step", "steps", "loss", "speed", "eta_seconds"),
    *("end_error_percent", "end_training_seconds", "end_images_per_second"),
    *("best_epoch", "val_error_best", "test_error_best"),
)
_METRICS = (
    "train_loss",
    "test_loss",
    "accuracy",
    "error_percent",
    "f1",
    "val_loss",
    "val_error",
    "val_accuracy",
    "val_f1",
    "learning_rate",
    "training_seconds",
    "evaluation_seconds",
    "cpu_seconds",
    "images_per_second",
    "memory_mb",
)


def lay(row: dict[str, Any], line: Mapping[str, Any]) -> None:
    """Lays one event over a run's row; an epoch or a note is none of the row's business."""
    version = line.get("v")
    if isinstance(version, int) and version > FORMAT:
        row["problem"] = (
            f"its journal has lines of format {version}, written by a newer vitcore; this one reads up to {FORMAT}"
        )
        return
    event = line.get("event")
    if event == "taken":
        row.update(ending=None, reason=None, ended=None, pid=whole(line.get("pid")))
    elif event == "started":
        _start(row, line)
    elif event == "progress":
        row.update(step=whole(line.get("step")), steps=whole(line.get("steps")), loss=number(line.get("loss")))
        row.update(speed=number(line.get("images_per_second")), eta_seconds=number(line.get("eta_seconds")))
    elif event == "ended" and line.get("status") in ENDINGS:
        row.update(ending=line["status"], reason=text(line.get("reason")), ended=time(line.get("at")))
        row["end_error_percent"] = number(line.get("error_percent"))
        row["end_training_seconds"] = number(line.get("training_seconds"))
        row["end_images_per_second"] = number(line.get("images_per_second"))
        row["best_epoch"] = whole(line.get("best_epoch"))
        row.update({name: number(line.get(name)) for name in ("val_error_best", "test_error_best")})


def epoch(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of an epoch's line, or None where it is another event or has no number."""
    if line.get("event") != "epoch":
        return None
    count = whole(line.get("epoch"))
    if count is None or count < 1 or newer(line):
        return None
    found: dict[str, Any] = {name: number(line.get(name)) for name in _METRICS}
    return {**found, "epoch": count, "at": time(line.get("at")), "images_seen": whole(line.get("images_seen"))}


def note(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of a note's line, or None where it is another event."""
    if line.get("event") != "note":
        return None
    said = text(line.get("text"))
    if said is None or newer(line):
        return None
    return {"seq": whole(line.get("seq")), "at": time(line.get("at")), "text": said}


def whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64 else None


def number(value: object) -> float | None:
    if type(value) is float:  # the common case: a rebuild comes by here a million times
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def text(value: object) -> str | None:
    """A string that any encoding can carry: a lone half of a surrogate pair is replaced."""
    return value[:10_000].encode("utf-8", "replace").decode() if isinstance(value, str) else None


def time(value: object) -> datetime | None:
    """Unix seconds as UTC without a zone, as DuckDB's TIMESTAMP takes it."""
    seconds = number(value)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return None


def _start(row: dict[str, Any], line: Mapping[str, Any]) -> None:
    row.update(ending=None, reason=None, ended=None, started=row.get("started") or time(line.get("at")))
    row.update(dict.fromkeys(_OF_AN_ATTEMPT))
    for column, name in _STARTED.items():
        row[column] = (whole if column in _WHOLE else text)(line.get(name))
    host = line.get("host") if isinstance(line.get("host"), dict) else {}
    for name in ("machine", "processor", "torch", "system"):
        row[name] = text(host.get(name))  # type: ignore[union-attr]
    row["cores"] = whole(host.get("cores"))  # type: ignore[union-attr]
    classes = line.get("classes")
    row["classes"] = [name for name in map(text, classes) if name is not None] if isinstance(classes, list) else None


def newer(line: Mapping[str, Any]) -> bool:
    version = line.get("v")
    return isinstance(version, int) and version > FORMAT
