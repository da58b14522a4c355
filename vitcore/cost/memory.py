"""What training holds in memory: weights, gradients, the optimizer's state, and what autograd keeps of a batch.

The one estimate, whether a network is only described (on the meta device, nothing computed) or measured by a few steps.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from vitcore.models import count

BYTES = 4  # of a weight, and of its gradient: both stay float32, whatever products are made in
ADAMW = 2 * BYTES  # of AdamW's state, a weight: two moments


class Saved(AbstractContextManager["Saved"]):
    """Counts what autograd keeps of the forward passes in its block, each storage once and the model's own not at all.

    It sees the thread that enters it alone, and holds what it has counted until it is dropped.
    """

    def __init__(self, *models: nn.Module) -> None:
        self._own = {_key(each) for model in models for each in (*model.parameters(), *model.buffers())}
        self._storages: dict[int, torch.UntypedStorage] = {}  # by identity: held, so that no identity is given twice
        self._hooks: Any = torch.autograd.graph.saved_tensors_hooks(self._keep, lambda tensor: tensor)

    def __enter__(self) -> Saved:
        self._hooks.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hooks.__exit__(kind, error, trace)

    @property
    def bytes(self) -> int:
        """What is kept for the backward pass, each storage once, weights apart."""
        return sum(storage.nbytes() for key, storage in self._storages.items() if key not in self._own)

    def own(self, tensors: list[Tensor]) -> None:
        """Leaves these out too: stand-ins for a model's weights, say."""
        self._own |= {_key(each) for each in tensors}

    def _keep(self, tensor: Tensor) -> Tensor:
        self._storages[_key(tensor)] = tensor.untyped_storage()
        return tensor


def training_bytes(model: nn.Module, saved: float, state: float | None = None) -> int:
    """Bytes that a training step holds at its height.

    Args:
        saved: bytes that autograd keeps of the batch (`Saved`).
        state: the optimizer's own bytes; None: AdamW's.
    """
    weights = count.parameters(model)
    buffers = sum(each.numel() * each.element_size() for each in model.buffers())
    return round(2 * BYTES * weights + (ADAMW * weights if state is None else state) + buffers + saved)


def described(model: nn.Module, channels: int, image_size: int, batch: int) -> int:
    """The same of a float32 step with AdamW on `batch` images (c side side), without computing anything."""
    saved = Saved(model)
    with saved:
        stand_ins = count.forward_on_meta(
            model, torch.empty(batch, channels, image_size, image_size, device="meta"), training=True
        )
    saved.own(list(stand_ins.values()))
    return training_bytes(model, saved.bytes)


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
