"""torch.compile: the same answers or none, and its time told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.training.runs import quick
from vitcore.errors import UserError
from vitcore.training.compiled import compiling_took

COMPILER = shutil.which("g++") or shutil.which("clang++") or shutil.which("cl")


@pytest.mark.skipif(COMPILER is None, reason="torch.compile needs a C++ compiler, and there is none on this machine")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # torch's own, of its compiler
def test_a_compiled_run_learns_what_the_plain_one_learns_and_tells_what_compiling_took(tmp_path: Path) -> None:
    learning = {
        **{"architecture": "vit-lite-2/8", "depth": 1, "embed_dim": 32, "image_size": 16},  # compiling takes longest
        **{"dropout": 0.0, "attention_dropout": 0.0, "drop_path": 0.0},
        **{"samples": 256, "epochs": 3, "learning_rate": 3e-3},
    }
    _, plain = quick(tmp_path / "plain", **learning)
    outcome, messages = quick(tmp_path / "compiled", **learning, compile=True)
    assert outcome.status == "finished"
    expected, found = (item.events("epoch")[-1]["train_loss"] for item in (plain, messages))
    assert expected < 2.15, "it learns"
    assert found == pytest.approx(expected, rel=0.02), "sums are rounded in another order, no more"
    assert any("torch.compile took" in line["text"] for line in messages.events("note"))
    assert not any("torch.compile" in line["text"] for line in plain.events("note"))


def _parts() -> tuple[nn.Sequential, Tensor]:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2)), torch.randn(8, 4)


def test_a_compiler_that_loses_gradients_is_refused_and_named() -> None:
    model, inputs = _parts()

    def blind(x: Tensor) -> Tensor:
        return model[1:](model[0](x).detach())  # what a wrong backward pass comes to

    with pytest.raises(UserError, match=r"wrong gradients.*0\.weight.*without --compile"):
        compiling_took(model, blind, lambda forward: forward(inputs).square().mean())


def test_rounding_where_a_gradient_is_zero_is_no_difference() -> None:
    """A bias before a batch normalization moves nothing: its gradient is what rounding leaves."""
    model, inputs = _parts()
    first: Any = model[0]

    def rounded(x: Tensor) -> Tensor:
        bias = 100 * first.bias - 99 * first.bias.detach()  # the same, and its gradient's rounding is 100 times
        return model[1:](nn.functional.linear(x, first.weight, bias))

    model(inputs).square().mean().backward()
    assert 0 < float(first.bias.grad.norm()) < 1e-6
    assert compiling_took(model, rounded, lambda forward: forward(inputs).square().mean()) > 0


def test_a_network_whose_own_gradients_are_not_numbers_is_not_the_compilers_fault() -> None:
    """The Performer report's ReLU without epsilon divides by zero, compiled or not."""
    model, inputs = _parts()
    assert compiling_took(model, model, lambda forward: forward(inputs).sum() / 0 * 0) > 0


def test_the_trial_leaves_weights_statistics_and_random_streams_as_they_were() -> None:
    model, inputs = _parts()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    stream = torch.get_rng_state()
    seconds = compiling_took(model, model, lambda forward: (forward(inputs) * torch.rand(8, 2)).square().mean())
    assert seconds > 0
    assert torch.equal(torch.get_rng_state(), stream)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
