"""Where a transformer looks on an image: attention rollout through its blocks, and the weights of its pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vitcore.layers.attention_weights import watched
from vitcore.layers.pooling import ClassToken, SequencePool
from vitcore.models.transformer import Transformer

ROLLOUT, POOLING = "Attention rollout", "Sequence pooling"


@torch.inference_mode()
def attention_maps(model: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """Maps of the token grid (y x), each summing to 1, for one image (1 c y x) as the model takes it.

    "Attention rollout" of every transformer: how much of each token of the image stands behind what the head reads.
    Linear kernels are followed by the weights that they imply, windows with zeros outside; what a model mixes
    otherwise (the hybrid's recurrence, overlapping convolutions) is not followed. "Sequence pooling" where a learned
    weight a token gathers them (CVT and CCT). Nothing for a network without attention.
    """
    if not isinstance(model, Transformer):
        return {}
    known: list[Tensor] = []
    pooled: list[Tensor] = []
    hooks = [
        pool.register_forward_hook(lambda part, given, _: pooled.append(read(part, given[0]))) for pool in model.pools
    ]
    try:
        with watched(model, lambda _, found: known.append(found)):
            model(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    num_prefix_tokens = 0 if model.leading is None else model.leading.shape[1]
    gathered = torch.stack(pooled).mean(0)  # (n,): a distilled model's two heads count alike
    found = {ROLLOUT: _grid(gathered @ rollout([item[0] for item in known]), num_prefix_tokens)}
    if any(isinstance(pool, SequencePool) for pool in model.pools):
        found[POOLING] = _grid(gathered, num_prefix_tokens)
    return found


def rollout(depth: Sequence[Tensor]) -> Tensor:
    """What each token at the end holds of each at the start, (n n) with rows that sum to 1.

    Abnar and Zuidema 2020, Section 3: each layer's attention (h n n), its heads averaged, is mixed half and half with
    the identity for the residual, and the layers are multiplied, the first one last.
    """
    size = depth[0].shape[-1]
    rolled = torch.eye(size)
    for layer in depth:
        mixed = (layer.float().mean(0) + torch.eye(size)) / 2
        rolled = mixed / mixed.sum(-1, keepdim=True) @ rolled
    return rolled


def read(pool: nn.Module, x: Tensor) -> Tensor:
    """The share of each token of one image (1 n d) in what a pooling hands to its head, (n,)."""
    tokens = x.shape[1]
    if isinstance(pool, SequencePool):
        weights: Tensor = pool.score(x).softmax(dim=1)  # (1 n 1)
        return weights[0, :, 0].float()
    if isinstance(pool, ClassToken):
        return torch.eye(tokens)[pool.place]
    return torch.full((tokens,), 1 / tokens)


def _grid(shares: Tensor, num_prefix_tokens: int) -> Tensor:
    """The image's own tokens as they lie in it, their shares made to sum to 1."""
    own = shares[num_prefix_tokens:]
    image_size = math.isqrt(len(own))
    return (own / own.sum()).view(image_size, image_size)
