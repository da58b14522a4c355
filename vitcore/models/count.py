"""Counting: parameters, multiply-accumulates and layers, of one image.

On torch's meta device tensors have shapes and no content, so a 632 M-parameter model counts at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from vitcore.uncompiled import operation_counter


@dataclass(frozen=True)
class LayerRow:
    """One module of a model, for one image: shapes without the batch axis."""

    name: str
    kind: str
    depth: int  # 0: a part of the model, 1: a part of that part, and so on
    leaf: bool  # whether it has no parts of its own
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int  # with all its parts
    macs: int  # with all its parts


def parameters(model: nn.Module) -> int:
    """Trainable parameters, each counted once."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def macs(model: nn.Module, channels: int, image_size: int) -> int:
    """Multiply-accumulates of one image (c side side): convolutions, linear maps and attention's products.

    Norms, activations, softmax and additions are left out, as papers leave them out. A model on the meta device
    computes nothing; any other computes its one image where its weights are.
    """
    image = torch.zeros(1, channels, image_size, image_size, device=next(model.parameters()).device)
    computing = image.device.type != "meta"
    with _mode(model, training=False), operation_counter(computing=computing) as counter, torch.no_grad():
        model(image)
    return counter.get_total_flops() // 2


def layers_table(model: nn.Module, channels: int, image_size: int) -> list[LayerRow]:
    """Every module that an image passes, in the order of the model's own list."""
    shapes: dict[nn.Module, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    before: dict[nn.Module, int] = {}
    flops: dict[nn.Module, int] = {}

    # The counter's own account by modules goes wrong when another thread runs a model meanwhile, for it hooks every
    # module of the process; its total does not, so each module is told by the total before it and after.
    def enter(module: nn.Module, given: tuple[Any, ...]) -> None:
        before[module] = counter.get_total_flops()

    def leave(module: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        shapes[module] = (_shape(given), _shape(out))
        flops[module] = flops.get(module, 0) + counter.get_total_flops() - before[module]

    hooks = [module.register_forward_pre_hook(enter) for module in model.modules()]
    hooks += [module.register_forward_hook(leave) for module in model.modules()]
    try:
        with operation_counter(computing=False) as counter, torch.no_grad():
            forward_on_meta(model, torch.empty(1, channels, image_size, image_size, device="meta"), training=False)
    finally:
        for hook in hooks:
            hook.remove()
    return [
        LayerRow(
            name=name,
            kind=type(module).__name__,
            depth=name.count("."),
            leaf=not any(True for _ in module.children()),
            input_shape=shapes[module][0],
            output_shape=shapes[module][1],
            parameters=parameters(module),
            macs=flops[module] // 2,
        )
        for name, module in model.named_modules()
        if name and module in shapes
    ]


def _shape(passed: Any) -> tuple[int, ...]:
    """Of what a module is given or gives, the first tensor's shape for one image; () where there is none."""
    first = passed[0] if isinstance(passed, tuple | list) and passed else passed
    return tuple(first.shape[1:]) if isinstance(first, Tensor) else ()


def forward_on_meta(model: nn.Module, image: Tensor, *, training: bool) -> dict[str, Tensor]:
    """Run a model on the meta device wherever its weights are, and give back the stand-ins for its weights.

    Args:
        image: images (b, c, y, x), of which the shape alone counts.
    """
    placed = {name: _stand_in(p) for name, p in [*model.named_parameters(), *model.named_buffers()]}
    with _mode(model, training):
        functional_call(model, placed, (image,))
    return placed


@contextmanager
def _mode(model: nn.Module, training: bool) -> Iterator[None]:
    """All its modules in training or evaluation, and after it each as it was."""
    modes = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _stand_in(tensor: Tensor) -> Tensor:
    return torch.empty_like(tensor, device="meta").requires_grad_(tensor.requires_grad)
