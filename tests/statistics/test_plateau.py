"""Where a curve stops rising: held against torch's own scheduler, whose rule it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitcore.statistics.plateau import plateau


def by_torch(values: list[float], threshold: float, patience: int) -> float:
    """The epoch of the last improvement before ReduceLROnPlateau first lowers the rate."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode="max", threshold_mode="abs", threshold=threshold, patience=patience - 1
    )
    for epoch, value in enumerate(values, 1):
        scheduler.step(value)
        if optimizer.param_groups[0]["lr"] < 1.0:
            return epoch - patience
    return math.nan


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_rule_of_torch(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = (1 - np.exp(-np.arange(80) / random.uniform(3, 40)) + random.normal(0, 0.02, 80)).tolist()
    for threshold, patience in ((0.0, 5), (0.01, 10), (0.05, 3)):
        found = plateau(range(1, 81), values, threshold=threshold, patience=patience)
        assert found == pytest.approx(by_torch(values, threshold, patience), nan_ok=True)


def test_patience_is_counted_in_epochs_and_what_is_no_number_is_left_out() -> None:
    values = [0.1, math.nan, 0.5, math.nan, 0.5, 0.505, 0.5]
    assert plateau([1, 2, 5, 7, 10, 15, 20], values, threshold=0.01, patience=10) == 5
    assert math.isnan(plateau([1, 2, 5, 7, 10, 15, 20], values, threshold=0.01, patience=16))
    assert math.isnan(plateau([], [], threshold=0.01, patience=1))
