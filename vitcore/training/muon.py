"""Muon as torch has it, with its matrix products in the precision that the CPU is quick in.

torch 2.13's Muon orthogonalizes in bfloat16 whatever the device, one matrix after another. A CPU without bfloat16
matrix units emulates it: there, most of a small network's step would be spent on it (`python -m
benchmarks.model.muon`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Muon

from vitcore.training.device import quick_in_bfloat16

RMS_OF_ADAMW = 0.2  # of AdamW's updates, which Muon's are scaled to (Liu et al. 2025)


class QuickMuon(Muon):
    """torch.optim.Muon with equal matrices orthogonalized together, in float32 where bfloat16 is slow.

    Momentum, Nesterov, decoupled weight decay and the scale of AdamW's steps (`adjust_lr_fn="match_rms_adamw"`) as
    there; its state is torch's own, so either takes the other's checkpoints up.
    """

    def __init__(
        self,
        params: Sequence[nn.Parameter] | Sequence[dict[str, Any]],
        *,
        lr: float,
        weight_decay: float,
        momentum: float,
    ) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay, momentum=momentum, adjust_lr_fn="match_rms_adamw")

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure: nothing here needs one
        """One step on all parameters that have a gradient, in place."""
        for group in self.param_groups:
            rate, momentum = float(group["lr"]), float(group["momentum"])
            alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    mean = self._mean(parameter).lerp_(parameter.grad, 1 - momentum)
                    alike[parameter.shape].append((parameter, parameter.grad.lerp(mean, momentum)))
            for (rows, columns), pairs in alike.items():
                updates = orthogonal(
                    torch.stack([update for _, update in pairs]), group["ns_coefficients"], group["ns_steps"]
                )
                scale = RMS_OF_ADAMW * max(rows, columns) ** 0.5
                for (parameter, _), update in zip(pairs, updates, strict=True):
                    parameter.mul_(1 - rate * group["weight_decay"]).add_(update, alpha=-rate * scale)

    def _mean(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        mean: Tensor = state["momentum_buffer"]
        return mean


def orthogonal(matrices: Tensor, coefficients: tuple[float, float, float], steps: int) -> Tensor:
    """The nearest orthogonal matrices, roughly: their singular values come to lie between about 0.7 and 1.2.

    A Newton-Schulz iteration of the fifth order (Jordan et al. 2024).

    Args:
        matrices: (b y x), b matrices of y rows and x columns.
        coefficients: of the polynomial a X + b X X' X + c (X X')² X that each step applies.

    Returns:
        (b y x), in the precision of `matrices`.
    """
    a, b, c = coefficients
    wide = matrices.bfloat16() if quick_in_bfloat16(matrices.device) else matrices
    flip = wide.shape[-2] > wide.shape[-1]
    wide = wide.mT if flip else wide
    wide = wide / wide.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        gram = wide @ wide.mT
        wide = torch.baddbmm(wide, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return (wide.mT if flip else wide).to(matrices.dtype)
