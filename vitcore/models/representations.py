"""What a network makes of images on the way: the output of each of its parts, the last features, attention's reach."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from vitcore.layers.attention_weights import watched
from vitcore.models.stages import parts
from vitcore.models.transformer import Transformer

AT_ONCE = 8  # images whose attention weights are written out together


def layers(model: nn.Module) -> dict[str, nn.Module]:
    """The parts whose outputs are laid beside one another, in order, by a name for a person."""
    if isinstance(model, Transformer):
        blocks = {f"block {place}": block for place, block in enumerate(model.blocks, 1)}
        return {"tokens": model.tokenizer, **blocks}
    others = [(kind, part) for kind, part in parts(model) if part is not head(model)]
    return {f"{place} {kind.lower()}": part for place, (kind, part) in enumerate(others, 1)}


@contextmanager
def outputs(model: nn.Module, take: Callable[[str, Tensor], None]) -> Iterator[None]:
    """While it lasts, `take` gets the output (b ...) of every layer of `layers`, as "features" what the head reads."""

    def after(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_: nn.Module, __: object, given: object) -> None:
            if isinstance(given, Tensor):
                take(name, given.detach())

        return hook

    def before_head(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        take("features", given[0].detach().flatten(1))

    hooks = [part.register_forward_hook(after(name)) for name, part in layers(model).items()]
    last = head(model)
    hooks += [] if last is None else [last.register_forward_pre_hook(before_head)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def head(model: nn.Module) -> nn.Linear | None:
    """The linear map that makes logits; of a distilled model the class token's. None: the network has none."""
    if isinstance(model, Transformer):
        first = model.heads[0]
        return first if isinstance(first, nn.Linear) else None
    linear = [part for part in model.modules() if isinstance(part, nn.Linear)]
    return linear[-1] if linear else None


@torch.inference_mode()
def attention_distances(model: nn.Module, inputs: Tensor) -> Tensor | None:
    """How far each head looks, in pixels: (blocks heads), the mean over images, queries and what they attend to.

    Dosovitskiy et al. 2021, Figure 7: the distance between a query's place and the others', by attention weight;
    learned tokens are left out. Of linear kernels the weights that they imply. None for a network without attention,
    or whose tokens do not lie in a grid.

    Args:
        inputs: images (b c y x) as the model takes them.
    """
    if not isinstance(model, Transformer):
        return None
    prefix = 0 if model.leading is None else model.leading.shape[1]
    sums: dict[int, Tensor] = {}

    def add(place: int, found: Tensor) -> None:
        shares = found[..., prefix:, prefix:].double().cpu()
        shares = shares / shares.sum(-1, keepdim=True).clamp(min=1e-12)
        far = (shares * _apart(shares.shape[-1], inputs.shape[-1])).sum(-1).mean(-1).sum(0)
        sums[place] = sums[place] + far if place in sums else far

    with watched(model, add):
        for start in range(0, len(inputs), AT_ONCE):
            model(inputs[start : start + AT_ONCE])
    if not sums or len({len(each) for each in sums.values()}) != 1:
        return None
    return torch.stack(list(sums.values())) / len(inputs)


def _apart(tokens: int, image_size: int) -> Tensor:
    """Distances between the places of a square grid of tokens (n n), in pixels of the image."""
    side = math.isqrt(tokens)
    place = torch.arange(tokens, dtype=torch.float64)
    spots = torch.stack([place // side, place % side], 1) * image_size / side
    return torch.cdist(spots, spots)
