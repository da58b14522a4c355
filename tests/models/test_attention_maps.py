"""Attention maps: the weights are those the layers use, the rollout is the paper's, every transformer gives a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from einops import rearrange, repeat
from torch import Tensor

from vitcore.layers.attention import Attention
from vitcore.layers.attention_weights import weights
from vitcore.layers.encoder import MLP, Block
from vitcore.layers.kernels import KERNELS
from vitcore.models import build
from vitcore.models.attention_maps import POOLING, ROLLOUT, attention_maps, rollout

FAMILIES = {  # name: side, token grid, maps
    "vit-lite-7/4": (28, 7, {ROLLOUT}),
    "cvt-7/4": (28, 7, {ROLLOUT, POOLING}),
    "cct-2/3x2": (28, 7, {ROLLOUT, POOLING}),
    "performer": (28, 7, {ROLLOUT}),
    "deit-s/16": (32, 2, {ROLLOUT}),
    "hybrid": (64, 8, {ROLLOUT}),
}


@pytest.mark.parametrize(
    "shape", [{}, {"num_kv_heads": 1}, {"window": 2}, {"window": 3, "causal": True, "num_kv_heads": 2}]
)
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_weights_are_those_with_which_the_layer_mixes_its_tokens(kernel: str, shape: dict[str, Any]) -> None:
    torch.manual_seed(0)
    attention = Attention(16, 4, tokens=9, kernel=KERNELS[kernel], features=8, **shape).eval()
    x = torch.randn(2, 9, 16)
    found = weights(attention, x)
    assert found.shape == (2, 4, 9, 9)
    torch.testing.assert_close(found.sum(-1), torch.ones(2, 4, 9))
    assert (found >= 0).all()
    v = attention.qkv(x)[..., -attention.num_kv_heads * 4 :]
    v = repeat(v, "b n (g k) -> b (g r) n k", g=attention.num_kv_heads, r=4 // attention.num_kv_heads)
    mixed = attention.projection(rearrange(found @ v, "b h n k -> b n (h k)"))
    torch.testing.assert_close(mixed, attention(x), atol=2e-5, rtol=1e-4)


def test_the_implicit_weights_of_the_fourth_power_are_its_products_normalized() -> None:
    torch.manual_seed(1)
    attention = Attention(6, 1, tokens=5, kernel=KERNELS["x^4"], epsilon=0.0)
    x = torch.randn(1, 5, 6)
    q, k, _ = attention.qkv(x)[0].double().split(6, dim=-1)
    with torch.no_grad():
        table = torch.tensor([[sum((a[c] * b[c]) ** 4 for c in range(6)) for b in k] for a in q])
    expected = table / table.sum(1, keepdim=True)
    torch.testing.assert_close(weights(attention, x)[0, 0].double(), expected, atol=1e-5, rtol=1e-3)


def test_the_rollout_is_the_papers_restated() -> None:
    """Abnar and Zuidema 2020, Equation 1, over the plain softmax of every pair in numpy."""
    torch.manual_seed(2)
    tokens, width, heads = 6, 8, 2
    blocks = [
        Block(width, Attention(width, heads, tokens=tokens, qkv_bias=True), MLP(width, 16), norm_order="pre").eval()
        for _ in range(3)
    ]
    x = torch.randn(1, tokens, width)
    layers, expected = [], np.eye(tokens)
    with torch.no_grad():
        for block in blocks:
            normed = block.norm1(x)
            layers.append(weights(block.attention, normed)[0])
            q, k, _ = block.attention.qkv(normed)[0].numpy().reshape(tokens, 3, heads, -1).transpose(1, 2, 0, 3)
            tables = []
            for head in range(heads):
                scores = np.exp(q[head] @ k[head].T / np.sqrt(width / heads))
                tables.append(scores / scores.sum(1, keepdims=True))
            expected = (0.5 * np.mean(tables, axis=0) + 0.5 * np.eye(tokens)) @ expected
            x = block(x)
    found = rollout(layers).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("kernel", ["softmax", "favor+", "x^4"])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_gives_maps_of_its_token_grid(name: str, kernel: str) -> None:
    image_size, grid, maps = FAMILIES[name]
    torch.manual_seed(3)
    channels = 1 if image_size == 28 else 3
    model = build(name, channels=channels, image_size=image_size, classes=10, kernel=kernel).eval()
    image = torch.randn(1, channels, image_size, image_size)
    before = model(image)
    found = attention_maps(model, image)
    assert set(found) == maps
    for value in found.values():
        assert value.shape == (grid, grid)
        assert float(value.sum()) == pytest.approx(1, abs=1e-4)
        assert (value >= 0).all()
    torch.testing.assert_close(model(image), before)  # no hook is left behind


def test_a_distilled_model_is_followed_from_both_its_tokens() -> None:
    torch.manual_seed(4)
    model = build("deit-s/16", channels=3, image_size=32, classes=10).eval()
    image = torch.randn(1, 3, 32, 32)
    both = attention_maps(model, image)[ROLLOUT]
    first, second = (_from_token(model, image, place) for place in range(2))
    assert not torch.allclose(first, second)
    torch.testing.assert_close(both, (first + second) / (first + second).sum(), atol=1e-5, rtol=1e-4)


def _from_token(model: Any, image: Tensor, place: int) -> Tensor:
    """What one of the leading tokens holds of the image's, not normalized."""
    pools, heads = model.pools, model.heads
    model.pools, model.heads = pools[place : place + 1], heads[place : place + 1]
    known: list[Tensor] = []
    hooks = [
        block.attention.register_forward_hook(lambda part, given, _: known.append(weights(part, given[0])))
        for block in model.blocks
    ]
    model(image)
    for hook in hooks:
        hook.remove()
    model.pools, model.heads = pools, heads
    return rollout([layer[0] for layer in known])[place, 2:].view(2, 2)


def test_pooling_weights_are_the_layers_own() -> None:
    torch.manual_seed(5)
    model: Any = build("cct-2/3x2", channels=1, image_size=28, classes=10).eval()
    image = torch.randn(1, 1, 28, 28)
    stored: list[torch.Tensor] = []
    hook = model.norm.register_forward_hook(lambda _, __, out: stored.append(out))
    found = attention_maps(model, image)
    hook.remove()
    with torch.inference_mode():
        expected = model.pools[0].score(stored[0]).softmax(1)[0, :, 0]
    torch.testing.assert_close(found[POOLING].flatten(), expected)


def test_a_network_without_attention_has_no_map() -> None:
    assert attention_maps(build("cnn", channels=1, image_size=28, classes=10).eval(), torch.randn(1, 1, 28, 28)) == {}
