"""Optimizers from a spec: which parameters decay, which are matrices, and one rate for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from vitcore.models.transfer import depth_of
from vitcore.spec import OptimizerSpec
from vitcore.training.lamb import Lamb
from vitcore.training.muon import QuickMuon
from vitcore.uncompiled import plain

Group = dict[str, Any]
SCALE = "scale"  # of a group's learning rate


class Optimizers:
    """One optimizer, or two that share the work (Muon for the matrices, AdamW for the rest)."""

    def __init__(self, model: nn.Module, spec: OptimizerSpec, layer_decay: float = 1.0) -> None:
        """`layer_decay`: what the rate is multiplied by from each block to the one before it, for transformers."""
        make = _Groups(model, spec, layer_decay)
        self.parts: list[Optimizer] = (
            _muon(model, spec, make) if spec.optimizer == "muon" else [_item(model, spec, make)]
        )
        self._rate = spec.learning_rate

    def set_rate(self, share: float) -> float:
        """The learning rate of the coming step, at `share` of the spec's; returned as it is."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = self._rate * share * group.get(SCALE, 1.0)
        return self._rate * share

    def step(self) -> None:
        """One step on every parameter that has a gradient."""
        for part in self.parts:
            part.step()

    def clear(self) -> None:
        """Forget the gradients of the step before."""
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def state_bytes(self) -> int:
        """What they keep beside weights and gradients: nothing before the first step, and of SGD without momentum."""
        stored = [value for part in self.parts for state in part.state.values() for value in state.values()]
        return sum(value.numel() * value.element_size() for value in stored if isinstance(value, Tensor))

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
        scope: "weights": biases, norms, positions and learned tokens do not decay, by custom; "timm": neither biases
            nor norms do, positions and tokens do (timm/optim/_param_groups.py); "all": everything does.
    """
    weights: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in named:
        leaf = name.rpartition(".")[2]
        is_matrix = parameter.ndim > 1 and not leaf.endswith("bias")
        decays = scope == "all" or (is_matrix and (scope == "timm" or "weight" in leaf))
        (weights if decays else others).append(parameter)
    return [{"params": part, "weight_decay": rate} for part, rate in ((weights, decay), (others, 0.0)) if part]


class _Groups:
    """The groups of some of a model's parameters, apart by their depth where rates decay by layer.

    The rate of a block is `decay` times that of the block behind it; the head has the whole rate, what stands before
    the blocks the smallest (Clark et al. 2020, ELECTRA; Bao et al. 2022, BEiT, whose published code has the name).
    """

    def __init__(self, model: nn.Module, spec: OptimizerSpec, decay: float) -> None:
        self._decay, self._blocks = decay, len(getattr(model, "blocks", ()))
        self._weight_decay, self._scope = spec.weight_decay, spec.decay_scope

    def __call__(self, named: Iterable[tuple[str, nn.Parameter]]) -> list[Group]:
        """Groups by what decays, and by depth where rates do."""
        if self._decay == 1:
            return groups(named, self._weight_decay, self._scope)
        return [
            {**group, SCALE: self._decay ** (self._blocks + 1 - depth)}
            for depth, subset in self._by_depth(named).items()
            for group in groups(subset, self._weight_decay, self._scope)
        ]

    def matrices(self, named: Iterable[tuple[str, nn.Parameter]]) -> list[Group]:
        """Groups for Muon, all of which decay."""
        if self._decay == 1:
            return [{"params": [parameter for _, parameter in named]}]
        return [
            {"params": [parameter for _, parameter in subset], SCALE: self._decay ** (self._blocks + 1 - depth)}
            for depth, subset in self._by_depth(named).items()
        ]

    def _by_depth(self, named: Iterable[tuple[str, nn.Parameter]]) -> dict[int, list[tuple[str, nn.Parameter]]]:
        found: dict[int, list[tuple[str, nn.Parameter]]] = {}
        for name, parameter in named:
            found.setdefault(depth_of(name, self._blocks), []).append((name, parameter))
        return dict(sorted(found.items()))


def learning(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """The parameters that learn: all but the frozen."""
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]


def matrices(model: nn.Module) -> dict[str, nn.Parameter]:
    """What Muon is for: two-dimensional weights within the network, so neither embeddings nor the last linear map."""
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1:]
    heads = {id(module.weight) for module in last} | {
        id(module.weight) for module in getattr(model, "heads", []) if isinstance(module, nn.Linear)
    }
    return {
        name: parameter
        for name, parameter in learning(model)
        if parameter.ndim == 2 and min(parameter.shape) > 1 and id(parameter) not in heads
    }


def _item(model: nn.Module, spec: OptimizerSpec, make: _Groups) -> Optimizer:
    parts = make(learning(model))
    match spec.optimizer:
        case "sgd":
            ahead = spec.nesterov and spec.beta1 > 0
            return plain(SGD)(parts, lr=spec.learning_rate, momentum=spec.beta1, nesterov=ahead, fused=True)
        case "lamb":
            return plain(Lamb)(parts, lr=spec.learning_rate, betas=(spec.beta1, spec.beta2))
        case "adam":
            return plain(Adam)(parts, lr=spec.learning_rate, betas=(spec.beta1, spec.beta2), fused=True)
        case _:
            return plain(AdamW)(parts, lr=spec.learning_rate, betas=(spec.beta1, spec.beta2), fused=True)


def _muon(model: nn.Module, spec: OptimizerSpec, make: _Groups) -> list[Optimizer]:
    """Muon scaled so that its steps are as large as AdamW's (Liu et al. 2025), so that one rate serves both."""
    averaged = matrices(model)
    parts: list[Optimizer] = []
    if averaged:
        parts.append(
            plain(QuickMuon)(
                make.matrices(averaged.items()),
                lr=spec.learning_rate,
                weight_decay=spec.weight_decay,
                momentum=spec.beta1,
            )
        )
    rest = [(name, parameter) for name, parameter in learning(model) if name not in averaged]
    if rest:
        parts.append(
            plain(AdamW)(
                make(rest),
                lr=spec.learning_rate,
                betas=(spec.beta1, spec.beta2),
                fused=True,
            )
        )
    return parts


class EMA:
    """An exponential average of the weights (Polyak averaging), kept beside the model that trains."""

    def __init__(self, model: nn.Module, averaged_model: nn.Module, decay: float) -> None:
        self.model = averaged_model.requires_grad_(False)
        self._averaged: list[Tensor] = list(averaged_model.parameters())
        self._trained: list[Tensor] = list(model.parameters())
        self._buffers = list(zip(averaged_model.buffers(), model.buffers(), strict=True))
        self._decay = decay

    @torch.no_grad()
    def update(self, step: int) -> None:
        """After `step` steps (from 1); the decay rises to its own, so that the first weights are soon forgotten."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averaged, self._trained, 1 - decay)
        for averaged, trained in self._buffers:
            averaged.copy_(trained)
