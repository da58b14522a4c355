"""A forecast counts exactly, measures for real, and leaves no trace."""

from __future__ import annotations

import pytest
import torch

from vitcore.errors import Refusal
from vitcore.spec import RunSpec
from vitcore.training.forecast import forecast


def test_counts_and_measures() -> None:
    before = torch.get_rng_state()
    small = forecast(RunSpec.of(device="cpu", epochs=3), seconds=0.2)
    assert small.parameters == 280_651
    assert small.macs == pytest.approx(25.8e6, rel=0.02)
    assert small.images_per_second > 0
    assert small.training_minutes == pytest.approx(3 * 1437 / small.images_per_second / 60)
    assert small.minutes > small.training_minutes
    assert 5 < small.memory_mb < 2000
    assert torch.equal(torch.get_rng_state(), before)


def test_memory_grows_with_the_batch() -> None:
    held = [forecast(RunSpec.of(device="cpu", batch_size=size), seconds=0.05).memory_mb for size in (32, 256)]
    assert held[1] > 4 * held[0]


def test_a_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refusal, match="no folder or archive"):
        forecast(RunSpec.of(device="cpu", dataset="folder", folder="/nowhere/at/all"), seconds=0.05)
