"""Which stored run is best, and which is taken where nobody has chosen: by validation, never by the test set.

Runs are laid side by side within one dataset alone. A run without validation is never called the best; where no run has
any, the newest is taken.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vitcore.store import pooling

VALIDATED = "val_error_best"  # of the best epoch, in percent


def eligible(table: pd.DataFrame) -> pd.DataFrame:
    """The runs without those of other programs that came without a spec: what they were scored on, nobody knows."""
    return table[~pooling.without_spec(table)]


def validated(table: pd.DataFrame) -> pd.DataFrame:
    """The runs that have a validation error, the lowest first; of equal ones the newest, as `table` has them."""
    table = eligible(table)
    known = table[np.isfinite(pd.to_numeric(table[VALIDATED], errors="coerce").astype(float))]
    return known.sort_values(VALIDATED, kind="stable")


def best(table: pd.DataFrame) -> pd.DataFrame:
    """The run of lowest validation error on each dataset that has one."""
    return validated(table).drop_duplicates("dataset")


def default(table: pd.DataFrame, dataset: str | None = None) -> list[str]:
    """The id of the run to begin with, none where there is none.

    Args:
        table: runs, newest first.
        dataset: whose runs go before all others; None: validation errors of different datasets are not compared.
    """
    here = eligible(table)
    own = here[here["dataset"] == dataset] if dataset else here.head(0)
    first = validated(own)
    chosen = next((subset for subset in (first, own, here) if len(subset)), table)
    return [str(id) for id in chosen["id"].head(1)]
