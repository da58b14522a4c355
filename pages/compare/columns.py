"""The columns of the runs' table: their names, how their numbers are written, and which are shown at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.shared import moments
from vitcore.spec import fields

VARYING = tuple(field.name for field in fields() if field.name != "name")
ALWAYS = ("title", "status", "error_percent", "accuracy", "f1", "epochs_done", "training_seconds", "my_drawings")
VALIDATED = ("test_error_best", "val_error_best", "best_epoch")  # shown at first where some run has validation
LABELS = {field.name: field.label for field in fields()} | {
    "id": "Run id",
    "title": "Run",
    "status": "Status",
    "created": "Created",
    "started": "Started",
    "ended": "Ended",
    "error_percent": "Test error, last weights",
    "test_error_best": "Test error, best epoch",
    "val_error": "Validation error, last epoch",
    "val_error_best": "Validation error, best epoch",
    "best_epoch": "Best epoch",
    "accuracy": "Test accuracy, last weights",
    "f1": "Test F1, last weights",
    "train_loss": "Training loss, last epoch",
    "test_loss": "Test loss, last weights",
    "val_loss": "Validation loss, last epoch",
    "val_f1": "Validation F1, last epoch",
    "epochs_done": "Epochs done",
    "training_seconds": "Training",
    "cpu_seconds": "CPU time",
    "images_per_second": "Images/s",
    "memory_mb": "Memory",
    "parameters": "Parameters",
    "macs": "MACs",
    "n": "Runs",
    "my_drawings": "My drawings",
    "error_mean": "Mean test error, last weights",
    "error_interval": "± 95 %",
    "val_error_mean": "Mean validation error, best epochs",
}
FORMATS = {
    "error_percent": "%.2f %%",
    "test_error_best": "%.2f %%",
    "val_error": "%.2f %%",
    "val_error_best": "%.2f %%",
    "error_mean": "%.2f %%",
    "error_interval": "%.2f",
    "val_error_mean": "%.2f %%",
    "accuracy": "%.4f",
    "f1": "%.4f",
    "train_loss": "%.4f",
    "test_loss": "%.4f",
    "val_loss": "%.4f",
    "val_f1": "%.4f",
    "training_seconds": "%.1f s",
    "cpu_seconds": "%.1f s",
    "images_per_second": "%,.0f",
    "memory_mb": "%,.0f MB",
    "parameters": "compact",
    "macs": "compact",
    "learning_rate": "%g",
}


def label(name: str) -> str:
    return LABELS.get(name, name.replace("_", " "))


def chosen(table: pd.DataFrame, *, key: str) -> list[str]:
    """The columns to show: at first the results and whatever options differ between the runs; a chooser adds others."""
    validated = [name for name in VALIDATED if name in table and table[name].notna().any()]
    first = [*ALWAYS[:3], *validated, *varying(table), *ALWAYS[3:]]
    offered = [name for name in table.columns if name != "id"]
    held, gone = (st.session_state.get(name) or [] for name in (key, f"{key}-hidden"))  # a view may hold any column
    with st.popover("Columns", key=f"{key}-popover"):
        more = st.multiselect(
            "Shown besides those that differ",
            [name for name in offered if name not in first or name in held],
            format_func=label,
            key=key,
            persist_state="session",
        )
        less = st.multiselect(
            "Hidden",
            [name for name in offered if name != "title" and (name in first or name in gone)],
            format_func=label,
            key=f"{key}-hidden",
            persist_state="session",
        )
    return [name for name in dict.fromkeys([*first, *more]) if name in table and name not in less]


def varying(table: pd.DataFrame) -> list[str]:
    """The spec's options that are not the same in all runs."""
    return [name for name in VARYING if name in table and table[name].nunique(dropna=False) > 1]


def config(names: Sequence[str], by: str = "", down: bool = False) -> dict[str, Any]:
    """Streamlit's column settings for these columns; an arrow marks the one by which the rows are sorted."""
    found: dict[str, Any] = {}
    for name in names:
        said = f"{label(name)} {'↓' if down else '↑'}" if name == by else label(name)
        if name == "title":
            found[name] = st.column_config.TextColumn(said, pinned=True, width=300)
        elif name in moments.COLUMNS:
            zoned = f"{said} ({moments.zone_name()})"
            found[name] = st.column_config.DatetimeColumn(zoned, format="D MMM YYYY, HH:mm")
        elif name in FORMATS:
            found[name] = st.column_config.NumberColumn(said, format=FORMATS[name])
        else:
            found[name] = st.column_config.Column(said)
    return found
