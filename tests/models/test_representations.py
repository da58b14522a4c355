"""What is read from a network on the way is what it makes there; attention distances against a plain restatement."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vitcore.layers.attention import Attention
from vitcore.layers.attention_weights import weights
from vitcore.models import build
from vitcore.models.representations import attention_distances, head, layers, outputs

NETWORKS = ("cct-mini/3x3", "vit-lite-2/8", "deit-s/16", "performer", "hybrid", "cnn", "resnet56", "mobilenetv2/0.5")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_is_read_once_in_order_and_the_features_make_the_logits(name: str) -> None:
    torch.manual_seed(0)
    model, found = build(name, channels=3, image_size=32, classes=4).eval(), list[tuple[str, Tensor]]()
    images = torch.rand(3, 3, 32, 32)
    with torch.no_grad(), outputs(model, lambda layer, given: found.append((layer, given))):
        logits = model(images)
    assert [layer for layer, _ in found] == [*layers(model), "features"]
    assert all(len(given) == 3 for _, given in found)
    last = head(model)
    assert last is not None
    if name != "deit-s/16":  # whose answer is the mean of two heads
        assert torch.allclose(torch.nn.functional.linear(found[-1][1], last.weight, last.bias), logits, atol=1e-5)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


@pytest.mark.parametrize(
    ("name", "kernel"), [("vit-lite-2/8", "softmax"), ("cct-mini/3x3", "relu"), ("hybrid", "softmax")]
)
def test_distances_are_the_mean_over_images_queries_and_weights(name: str, kernel: str) -> None:
    torch.manual_seed(0)
    model = build(name, channels=1, image_size=32, classes=4, kernel=kernel).eval()
    images = torch.rand(9, 1, 32, 32)  # more than are looked at together
    found = attention_distances(model, images)
    assert found is not None
    mixed: list[Tensor] = []
    parts = [part for part in model.modules() if isinstance(part, Attention)]
    hooks = [part.register_forward_hook(lambda part, given, _: mixed.append(weights(part, given[0]))) for part in parts]
    with torch.inference_mode():
        model(images)
    for hook in hooks:
        hook.remove()
    prefix = 0 if model.leading is None else 1
    shares = mixed[-1][..., prefix:, prefix:].double()
    side = math.isqrt(shares.shape[-1])
    total = 0.0
    for i in range(side * side):
        for j in range(side * side):
            far = math.dist(divmod(i, side), divmod(j, side)) * 32 / side
            total += float((shares[:, 0, i, j] / shares[:, 0, i].sum(-1)).sum()) * far
    assert float(found[-1, 0]) == pytest.approx(total / 9 / side**2, rel=1e-6)


def test_a_network_without_attention_has_none() -> None:
    assert attention_distances(build("cnn", channels=1, image_size=28, classes=4), torch.rand(2, 1, 28, 28)) is None
