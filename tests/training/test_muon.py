"""Muon against torch's own."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Muon

from vitcore.training.muon import QuickMuon, orthogonal

SETTINGS: dict[str, Any] = {"lr": 0.02, "weight_decay": 0.1, "momentum": 0.9}


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*(nn.Linear(m, n, bias=False) for m, n in ((6, 24), (24, 8), (8, 8), (8, 8))))


def _moved(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 5) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        for item in model.parameters():
            item.grad = torch.randn(item.shape, generator=generator)
        optimizer.step()
    return [parameter.detach() for parameter in model.parameters()]


def test_its_steps_are_torchs_but_for_bfloat16s_rounding() -> None:
    other = _network()
    measured = copy.deepcopy(other)
    start = [parameter.detach().clone() for parameter in other.parameters()]
    expected = _moved(other, Muon(other.parameters(), **SETTINGS, adjust_lr_fn="match_rms_adamw"))
    found = _moved(measured, QuickMuon(list(measured.parameters()), **SETTINGS))
    for own, torchs, before in zip(found, expected, start, strict=True):
        assert (own - torchs).norm() < 0.03 * (torchs - before).norm()


@pytest.mark.parametrize(("first", "second"), [(Muon, QuickMuon), (QuickMuon, Muon)])
def test_either_takes_the_others_state_up(first: type[Muon], second: type[Muon]) -> None:
    model = _network()
    before = first(list(model.parameters()), **SETTINGS)
    _moved(model, before)
    after = second(list(model.parameters()), **SETTINGS)
    after.load_state_dict(before.state_dict())
    for parameter in model.parameters():
        assert torch.equal(after.state[parameter]["momentum_buffer"], before.state[parameter]["momentum_buffer"])
    _moved(model, after)


@pytest.mark.parametrize("shape", [(3, 16, 64), (2, 64, 16), (1, 8, 8)])
def test_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    found = torch.linalg.svdvals(orthogonal(torch.randn(shape), (3.4445, -4.775, 2.0315), 5))
    assert 0.4 < found.min() <= found.max() < 1.3


def test_a_gradient_of_zero_moves_nothing() -> None:
    model = nn.Linear(4, 4, bias=False)
    before = model.weight.detach().clone()
    model.weight.grad = torch.zeros_like(model.weight)
    QuickMuon(list(model.parameters()), lr=0.1, weight_decay=0.0, momentum=0.9).step()
    assert torch.equal(model.weight, before)
