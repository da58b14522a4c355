"""What a drawn metric is a share of: the scale on which its spread over runs is alike, and the images it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from vitcore import events
from vitcore.statistics.scales import PERCENT, POSITIVE, REAL, SHARE, Scale

SHARES = (
    *(name for name, each in events.metrics().items() if each.meaning.unit == "share"),
    *("held_out_accuracy", "held_out_f1"),
)
PERCENTS = (*(name for name, each in events.metrics().items() if each.meaning.unit == "%"), "held_out_error")
COUNTED: Mapping[str, str] = {
    **dict.fromkeys(("accuracy", "error_percent"), "test"),
    **dict.fromkeys(("val_accuracy", "val_error"), "validation"),
    **dict.fromkeys(("held_out_accuracy", "held_out_error"), "either"),
}
"""What has the binomial error of counted images, and of which images: of "either", validation goes before test."""


def scale_of(name: str, values: Sequence[np.ndarray]) -> Scale:
    """The scale of a metric: of shares the logit, of what is never below 0 the logarithm, else as it is."""
    if name in SHARES:
        return SHARE
    if name in PERCENTS:
        return PERCENT
    return REAL if any((each < 0).any() for each in values) else POSITIVE


def images_of(name: str, runs: pd.DataFrame) -> int | None:
    """How many images each value of these runs is a share of; None where it counts none, or the number is not one.

    Args:
        runs: as store.queries.runs gives them.
    """
    if name not in COUNTED:
        return None
    test, val = (_numbers(runs, column) for column in ("test_samples", "val_samples"))
    sizes = {"test": test, "validation": val, "either": val.where(val > 0, test)}[COUNTED[name]]
    found = set(sizes)
    size = found.pop() if len(found) == 1 else np.nan
    return int(size) if np.isfinite(size) and size > 0 else None


def _numbers(runs: pd.DataFrame, column: str) -> pd.Series:
    if column not in runs:
        return pd.Series(np.nan, index=runs.index, dtype=float)
    return pd.to_numeric(runs[column], errors="coerce").astype(float)
