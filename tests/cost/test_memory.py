"""One estimate of memory: a network that is described and one that is measured hold the same."""

import pytest
import torch
from torch import nn

from vitcore.cost import memory
from vitcore.cost.description import Choice, described
from vitcore.cost.forecast import forecast
from vitcore.cost.memory import Saved
from vitcore.spec import RunSpec


@pytest.mark.parametrize("name", ["cct-2/3x2", "cct-mini/3x3", "cnn", "vit-lite-7/8", "resnet56"])
def test_a_step_that_is_made_holds_what_was_described(name: str) -> None:
    spec = RunSpec.of(
        architecture=name, dataset="cifar-10", batch_size=16, optimizer="adamw", device="cpu", precision="float32"
    )
    measured = forecast(spec, seconds=0.01).memory_mb
    messages = described(name, Choice(image_size=32, channels=3, classes=10), batch=16).memory / 2**20
    assert measured == pytest.approx(messages, rel=0.005)


def test_memory_grows_with_the_batch_by_what_autograd_keeps() -> None:
    """A linear map keeps its inputs, 12 numbers an image; a ReLU its output, 8 numbers, which the next keeps too."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 8))
    small, large = (memory.described(model, 3, 2, batch) for batch in (10, 20))
    assert large - small == 10 * (12 + 8) * 4


def test_a_weight_that_is_kept_for_the_backward_pass_counts_once() -> None:
    model = nn.Linear(100, 100, bias=False)
    with Saved(model) as saved:
        model(torch.ones(1, 100, requires_grad=True)).sum()
    assert saved.bytes == 100 * 4
    assert memory.training_bytes(model, saved.bytes, state=0.0) == 2 * 100 * 100 * 4 + 100 * 4
