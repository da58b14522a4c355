"""LAMB (You et al. 2020, Algorithm 2): Adam's steps, each tensor's as long as a share of the tensor itself.

As timm has it, which Wightman et al. 2021 train with: the whole gradient is cut to a norm of 1 first, the decay is part
of the step, and tensors that do not decay keep Adam's own length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

LARGEST_NORM = 1.0  # of the whole gradient


class Lamb(Optimizer):
    """Groups as torch's optimizers take them, each with its `weight_decay`."""

    def __init__(
        self, params: list[dict[str, Any]], *, lr: float, betas: tuple[float, float], eps: float = 1e-6
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure: nothing here needs one
        """One step of every group, by the gradients that are there."""
        gradients = [item.grad for group in self.param_groups for item in group["params"] if item.grad is not None]
        if not gradients:
            return
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        shrink = 1 / (norm / LARGEST_NORM).clamp(min=1)
        for group in self.param_groups:
            self._move([(item, item.grad) for item in group["params"] if item.grad is not None], group, shrink)

    def _move(self, moved: list[tuple[Tensor, Tensor]], group: dict[str, Any], shrink: Tensor) -> None:
        """One step of a group's tensors, each with its gradient."""
        if not moved:
            return
        parameters = [parameter for parameter, _ in moved]
        (beta1, beta2), decay = group["betas"], float(group["weight_decay"])
        for parameter in parameters:
            state = self.state[parameter]
            if not state:
                state["step"] = torch.zeros(())
                state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
            state["step"] += 1
        steps = int(self.state[parameters[0]]["step"])
        means = [self.state[parameter]["exp_avg"] for parameter in parameters]
        squares = [self.state[parameter]["exp_avg_sq"] for parameter in parameters]
        gradients = torch._foreach_mul([gradient for _, gradient in moved], shrink)
        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, value=1 - beta2)
        below = torch._foreach_sqrt(squares)
        torch._foreach_div_(below, (1 - beta2**steps) ** 0.5)
        torch._foreach_add_(below, float(group["eps"]))
        updates = torch._foreach_div(means, 1 - beta1**steps)
        torch._foreach_div_(updates, below)
        if decay:
            torch._foreach_add_(updates, parameters, alpha=decay)
            for update, ratio in zip(updates, _trust(parameters, updates), strict=True):
                update.mul_(ratio)
        torch._foreach_add_(parameters, updates, alpha=-float(group["lr"]))


def _trust(parameters: Sequence[Tensor], updates: Sequence[Tensor]) -> list[Tensor]:
    """How long each step may be: the tensor's norm over the step's; 1 where either is 0."""
    ratios = []
    for own, step in zip(torch._foreach_norm(list(parameters)), torch._foreach_norm(list(updates)), strict=True):
        ratios.append(torch.where((own > 0) & (step > 0), own / step, torch.ones_like(own)))
    return ratios
