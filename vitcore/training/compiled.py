"""torch.compile, taken on trust only after one batch: compiled gradients are compared with plain ones.

torch 2.13's compiler has been seen to give, on a CPU and without a word, gradients of zero behind a 2 x 2 pooling
(the CIFAR-10 report's CNN): such a network seems to train, and learns half of what it should.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from vitcore.errors import UserError
from vitcore.training.device import synchronize

Forward = Callable[[Tensor], Any]

ROUNDING = 1e-5  # of the largest norm: before a batch normalization a bias's gradient is nothing but rounding
FACTOR = 4.0  # between the norms of one parameter's gradients: dropout draws differently in compiled code


def compiling_took(model: nn.Module, compiled: Forward, loss: Callable[[Forward], Tensor]) -> float:
    """Compile a network for training and see that it learns as the plain one does; seconds that took.

    Weights, statistics of normalization and random streams are as before when it returns.

    Args:
        compiled: images (b c y x) -> what the network gives, compiled at its first call.
        loss: the loss () of one batch, of a forward pass handed to it.

    Raises:
        UserError: the compiled network's gradients are not the plain one's.
    """
    device = next(model.parameters()).device
    stored = {name: buffer.clone() for name, buffer in model.named_buffers()}
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        plain = _norms(model, loss, model)
        began = time.perf_counter()
        measured = _norms(model, loss, compiled)
        synchronize(device)
        took = time.perf_counter() - began
    for name, buffer in model.named_buffers():
        buffer.copy_(stored[name])
    slack = ROUNDING * max(filter(math.isfinite, plain.values()), default=0.0)
    for name, norm in plain.items():
        own = measured.get(name, 0.0)
        alike = norm / FACTOR - slack <= own <= norm * FACTOR + slack
        if math.isfinite(norm) and not alike:  # what is NaN without a compiler need not be anything with it
            raise UserError(
                f"torch.compile gives this network wrong gradients on this machine (of {name}: a norm of {own:.2g} "
                f"instead of {norm:.2g}); train it without --compile"
            )
    return took


def _norms(model: nn.Module, loss: Callable[[Forward], Tensor], forward: Forward) -> dict[str, float]:
    """The norm of each parameter's gradient after one batch."""
    model.train()
    model.zero_grad(set_to_none=True)
    loss(forward).backward()
    norms = {name: float(item.grad.norm()) for name, item in model.named_parameters() if item.grad is not None}
    model.zero_grad(set_to_none=True)
    return norms
