"""Where a learning curve stops rising: a rule by which two curves can be told apart."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def plateau(epochs: ArrayLike, values: ArrayLike, *, threshold: float, patience: float) -> float:
    """The epoch after which no value exceeds the best so far by more than `threshold` for `patience` epochs.

    That is torch.optim.lr_scheduler.ReduceLROnPlateau's rule (mode "max", threshold mode "abs"), counted in epochs
    instead of calls, since curves are evaluated every few epochs.

    Args:
        epochs: ascending; those whose value is no number are left out.

    Returns:
        NaN where the curve ends before that is seen.
    """
    along, up = np.asarray(epochs, dtype=float), np.asarray(values, dtype=float)
    best, since = -math.inf, math.nan
    for epoch, value in zip(along[np.isfinite(up)], up[np.isfinite(up)], strict=True):
        if value > best + threshold:
            best, since = float(value), float(epoch)
        elif epoch - since >= patience:
            return since
    return math.nan
