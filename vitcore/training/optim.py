"""Optimisers from a spec: which parameters decay, which are matrices, and one rate for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from vitcore.spec import OptimiserSpec
from vitcore.training.lamb import Lamb
from vitcore.training.muon import QuickMuon

Group = dict[str, Any]


class Optimisers:
    """One optimiser, or two that share the work (Muon for the matrices, AdamW for the rest)."""

    def __init__(self, model: nn.Module, spec: OptimiserSpec) -> None:
        self.parts: list[Optimizer] = _muon(model, spec) if spec.optimiser == "muon" else [_one(model, spec)]
        self._rate = spec.learning_rate

    def set_rate(self, share: float) -> float:
        """The learning rate of the coming step, at `share` of the spec's; returned as it is."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = self._rate * share
        return self._rate * share

    def step(self) -> None:
        """One step on every parameter that has a gradient."""
        for part in self.parts:
            part.step()

    def clear(self) -> None:
        """Forget the gradients of the step before."""
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def held_bytes(self) -> int:
        """What they keep beside weights and gradients: nothing before the first step, and of SGD without momentum."""
        kept = [value for part in self.parts for state in part.state.values() for value in state.values()]
        return sum(value.numel() * value.element_size() for value in kept if isinstance(value, Tensor))

    def state(self) -> list[dict[str, Any]]:
        """The state of each part in turn, as a resume file holds it."""
        return [part.state_dict() for part in self.parts]

    def restore(self, states: list[dict[str, Any]]) -> None:
        """Take `state()` of the same parts up again.

        Raises:
            ValueError: the states are of other parameters, or of another number of parts.
        """
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def groups(named: Iterable[tuple[str, nn.Parameter]], decay: float, scope: str = "weights") -> list[Group]:
    """Parameters that decay, and those that do not.

    Args:
        scope: "weights": biases, norms, positions and learnt tokens do not decay, by custom; "timm": neither biases nor
            norms do, positions and tokens do (timm/optim/_param_groups.py); "all": everything does.
    """
    weights: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in named:
        leaf = name.rpartition(".")[2]
        is_matrix = parameter.ndim > 1 and not leaf.endswith("bias")
        decays = scope == "all" or (is_matrix and (scope == "timm" or "weight" in leaf))
        (weights if decays else others).append(parameter)
    return [{"params": part, "weight_decay": rate} for part, rate in ((weights, decay), (others, 0.0)) if part]


def matrices(model: nn.Module) -> dict[str, nn.Parameter]:
    """What Muon is for: two-dimensional weights within the network, so neither embeddings nor the last linear map."""
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1:]
    heads = {id(module.weight) for module in last} | {
        id(module.weight) for module in getattr(model, "heads", []) if isinstance(module, nn.Linear)
    }
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if parameter.ndim == 2 and min(parameter.shape) > 1 and id(parameter) not in heads
    }


def _one(model: nn.Module, spec: OptimiserSpec) -> Optimizer:
    parts = groups(model.named_parameters(), spec.weight_decay, spec.decay_scope)
    match spec.optimiser:
        case "sgd":
            ahead = spec.nesterov and spec.beta1 > 0
            return SGD(parts, lr=spec.learning_rate, momentum=spec.beta1, nesterov=ahead, fused=True)
        case "lamb":
            return Lamb(parts, lr=spec.learning_rate, betas=(spec.beta1, spec.beta2))
        case "adam":
            return Adam(parts, lr=spec.learning_rate, betas=(spec.beta1, spec.beta2), fused=True)
        case _:
            return AdamW(parts, lr=spec.learning_rate, betas=(spec.beta1, spec.beta2), fused=True)


def _muon(model: nn.Module, spec: OptimiserSpec) -> list[Optimizer]:
    """Muon scaled so that its steps are as large as AdamW's (Liu et al. 2025), so that one rate serves both."""
    mine = matrices(model)
    parts: list[Optimizer] = []
    if mine:
        parts.append(
            QuickMuon(
                list(mine.values()),
                lr=spec.learning_rate,
                weight_decay=spec.weight_decay,
                momentum=spec.beta1,
            )
        )
    rest = [(name, parameter) for name, parameter in model.named_parameters() if name not in mine]
    if rest:
        parts.append(
            AdamW(
                groups(rest, spec.weight_decay, spec.decay_scope),
                lr=spec.learning_rate,
                betas=(spec.beta1, spec.beta2),
                fused=True,
            )
        )
    return parts


class Average:
    """An exponential average of the weights (Polyak averaging), kept beside the model that trains."""

    def __init__(self, model: nn.Module, average: nn.Module, decay: float) -> None:
        self.model = average.requires_grad_(False)
        self._mine: list[Tensor] = list(average.parameters())
        self._theirs: list[Tensor] = list(model.parameters())
        self._buffers = list(zip(average.buffers(), model.buffers(), strict=True))
        self._decay = decay

    @torch.no_grad()
    def update(self, step: int) -> None:
        """After `step` steps (from 1); the decay rises to its own, so that the first weights are soon forgotten."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._mine, self._theirs, 1 - decay)
        for mine, theirs in self._buffers:
            mine.copy_(theirs)
