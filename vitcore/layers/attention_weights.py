"""Whom each token looks at: an attention's weights written out, which its own forward pass need never form."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from einops import rearrange, repeat
from torch import Tensor, nn

from vitcore.layers.attention import Attention


@contextmanager
def watched(model: nn.Module, take: Callable[[int, Tensor], None]) -> Iterator[None]:
    """While it lasts, `take` gets each attention's place in the network and its weights (b h n n)."""
    attentions = [part for part in model.modules() if isinstance(part, Attention)]
    hooks = [
        part.register_forward_hook(lambda part, given, _, place=place: take(place, weights(part, given[0])))
        for place, part in enumerate(attentions)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def weights(attention: Attention, x: Tensor) -> Tensor:
    """The weights with which `attention` mixes the tokens of x (b n d): (b h n n), each row summing to 1.

    Softmax's own; of a linear kernel those implied by its features, phi(q_i)·phi(k_j) over their sum in j. A window
    leaves zeros outside it, and heads that share keys have weights of their own all the same. Without dropout.
    """
    sizes = [attention.num_heads * attention.head_width, *2 * [attention.num_kv_heads * attention.head_width]]
    q, k, _ = attention.qkv(x).split(sizes, dim=-1)
    q = rearrange(q, "b n (h k) -> b h n k", h=attention.num_heads)
    k = repeat(k, "b n (g k) -> b (g r) n k", g=attention.num_kv_heads, r=attention.num_heads // attention.num_kv_heads)
    known = _known(attention, x.shape[1])
    if attention.kernel.linear:
        q, k = attention.featured(q, k)
        mixed: Tensor = q @ k.mT
        if known is not None:
            mixed = mixed * known
        return mixed / mixed.sum(dim=-1, keepdim=True)
    scores: Tensor = q * attention.head_width**-0.5 @ k.mT
    if known is not None:
        scores = scores.masked_fill(~known, -math.inf)
    return scores.softmax(dim=-1)


def _known(attention: Attention, tokens: int) -> Tensor | None:
    """Which tokens each sees, (n n) booleans; None: all."""
    if attention.window is None:
        return None
    i = torch.arange(tokens)
    near = (i[:, None] - i).abs() <= attention.window
    return near & (i <= i[:, None]) if attention.causal else near
