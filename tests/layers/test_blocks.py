"""Block orders, tokenizers, positions, pooling, recurrence, stochastic depth: against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from tests.layers import restated
from vitcore.layers.attention import Attention
from vitcore.layers.drop_path import Residual, drop_path_schedule
from vitcore.layers.dropout import Dropout
from vitcore.layers.encoder import MLP, Block, NormOrder
from vitcore.layers.pooling import ClassToken, MeanPool, SequencePool
from vitcore.layers.pos_embed import LearnablePosEmbed, SinusoidalPosEmbed, make_pos_embed
from vitcore.layers.recurrence import RecurrentResidual
from vitcore.layers.tokenizers import ConvolutionalTokenizer, PatchTokenizer, QualityTokenizer


def _double(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.detach().double().numpy() for name, tensor in module.state_dict().items()}


def _perturbed(module: nn.Module) -> nn.Module:
    """Every weight moved, so that a missing bias or a swapped norm shows."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return module.eval()


@pytest.mark.parametrize("order", ["compact", "pre", "post"])
def test_a_block_in_each_order(order: NormOrder) -> None:
    attention = Attention(12, 3, tokens=5)
    block = _perturbed(
        Block(12, attention, MLP(12, 20), norm_order=order, drop_path=0.5, dropout=0.5, norm_epsilon=1e-5)
    )
    x = torch.randn(2, 5, 12)
    w = _double(block)

    def norm(which: int, rows: np.ndarray) -> np.ndarray:
        return restated.layer_norm(rows, w[f"norm{which}.weight"], w[f"norm{which}.bias"], 1e-5)

    def attention_of(rows: np.ndarray) -> np.ndarray:
        return restated.attention(
            rows,
            w["attention.qkv.weight"],
            None,
            w["attention.projection.weight"],
            w["attention.projection.bias"],
            num_heads=3,
            num_kv_heads=3,
        )

    def mlp(rows: np.ndarray) -> np.ndarray:
        hidden = restated.erf_gelu(rows @ w["mlp.expand.weight"].T + w["mlp.expand.bias"])
        return hidden @ w["mlp.contract.weight"].T + w["mlp.contract.bias"]

    def restate(rows: np.ndarray) -> np.ndarray:
        if order == "compact":
            rows = norm(2, rows + attention_of(norm(1, rows)))  # the second residual starts from the normalized stream
            return rows + mlp(rows)
        if order == "pre":
            rows = rows + attention_of(norm(1, rows))
            return rows + mlp(norm(2, rows))
        rows = norm(1, rows + attention_of(rows))
        return norm(2, rows + mlp(rows))

    expected = np.stack([restate(image.double().numpy()) for image in x])
    np.testing.assert_allclose(block(x).detach().numpy(), expected, atol=1e-5)


def test_the_post_norm_block_is_pytorchs_own_encoder_layer() -> None:
    oracle = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True)
    block = Block(16, Attention(16, 4, tokens=6, qkv_bias=True), MLP(16, 24, activation="relu"), norm_order="post")
    other = _perturbed(oracle).state_dict()
    renamed = {
        "self_attn.in_proj_weight": "attention.qkv.weight",
        "self_attn.in_proj_bias": "attention.qkv.bias",
        "self_attn.out_proj.weight": "attention.projection.weight",
        "self_attn.out_proj.bias": "attention.projection.bias",
        "linear1.weight": "mlp.expand.weight",
        "linear1.bias": "mlp.expand.bias",
        "linear2.weight": "mlp.contract.weight",
        "linear2.bias": "mlp.contract.bias",
    }
    block.load_state_dict({renamed.get(name, name): tensor for name, tensor in other.items()})
    x = torch.randn(3, 6, 16)
    torch.testing.assert_close(block.eval()(x), oracle(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("kernel", "layers", "stride", "image_size"), [(3, 1, 1, 12), (3, 2, 1, 9), (7, 2, 2, 20)])
def test_the_convolutional_tokenizer(kernel: int, layers: int, stride: int, image_size: int) -> None:
    tokenizer = ConvolutionalTokenizer(2, 5, kernel, layers, hidden_channels=4)
    w = _double(tokenizer)
    image = torch.randn(1, 2, image_size, image_size)
    grid = image[0].double().numpy()
    for place in range(layers):
        grid = restated.convolution(grid, w[f"convolutions.{place}.weight"], None, stride, kernel // 2)
        grid = restated.max_pool(np.maximum(grid, 0))
    found = tokenizer(image)
    assert found.shape[1] == tokenizer.grid(image_size) ** 2
    np.testing.assert_allclose(found[0].detach().numpy(), restated.tokens(grid), atol=1e-5)


@pytest.mark.parametrize(("image_size", "patch"), [(8, 4), (9, 3), (11, 4)])
def test_the_patch_tokenizer(image_size: int, patch: int) -> None:
    tokenizer = PatchTokenizer(3, 6, patch)
    w = _double(tokenizer)
    image = torch.randn(1, 3, image_size, image_size)
    grid = restated.convolution(
        image[0].double().numpy(), w["convolutions.0.weight"], w["convolutions.0.bias"], patch, 0
    )
    found = tokenizer(image)
    assert found.shape[1] == tokenizer.grid(image_size) ** 2
    np.testing.assert_allclose(found[0].detach().numpy(), restated.tokens(grid), atol=1e-5)


def test_the_quality_tokenizer_weights_each_patch_by_its_score() -> None:
    tokenizer = _perturbed(QualityTokenizer(1, 6, 2))
    w = _double(tokenizer)
    image = torch.randn(1, 1, 8, 8)
    grid = image[0].double().numpy()
    for place, stride in enumerate((1, 2)):
        weight, bias = w[f"convolutions.{place}.weight"], w[f"convolutions.{place}.bias"]
        grid = np.maximum(restated.convolution(grid, weight, bias, stride, 1), 0)
    expected = []
    for y in range(0, 4, 2):
        for x in range(0, 4, 2):
            patch = np.array([grid[c, y + p, x + q] for p in range(2) for q in range(2) for c in range(64)])
            score = 1 / (1 + math.exp(-float(w["quality.weight"][0] @ patch + w["quality.bias"][0])))
            expected.append(w["embedding.weight"] @ (patch * score) + w["embedding.bias"])
    np.testing.assert_allclose(tokenizer(image)[0].detach().numpy(), np.array(expected), atol=1e-5)


@pytest.mark.parametrize(("tokens", "width"), [(5, 8), (64, 128), (7, 9)])
def test_sinusoidal_positions(tokens: int, width: int) -> None:
    layer = SinusoidalPosEmbed(tokens, width)
    expected = [[restated.sinusoid(p, i, width) for i in range(width)] for p in range(tokens)]
    np.testing.assert_allclose(layer(torch.zeros(1, tokens, width))[0].numpy(), expected, atol=1e-6)
    assert not list(layer.parameters())


def test_positions_by_name() -> None:
    assert isinstance(make_pos_embed("learnable", 4, 8, 0.2), LearnablePosEmbed)
    assert isinstance(make_pos_embed("sinusoidal", 4, 8, 0.2), SinusoidalPosEmbed)
    x = torch.randn(2, 4, 8)
    assert torch.equal(make_pos_embed("none", 4, 8, 0.2)(x), x)
    with pytest.raises(ValueError, match="no positions 'fourier'"):
        make_pos_embed("fourier", 4, 8, 0.2)


def test_sequence_pooling() -> None:
    pool = _perturbed(SequencePool(6))
    w = _double(pool)
    x = torch.randn(3, 5, 6)
    for image, found in zip(x.double().numpy(), pool(x).detach().numpy(), strict=True):
        scores = np.array([float(w["score.weight"][0] @ row + w["score.bias"][0]) for row in image])
        expected = sum(weight * row for weight, row in zip(restated.softmax(scores), image, strict=True))
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_class_token_and_mean() -> None:
    x = torch.randn(3, 5, 6)
    assert torch.equal(ClassToken(1)(x), x[:, 1])
    torch.testing.assert_close(MeanPool()(x), sum(x[:, i] for i in range(5)) / 5)


def test_the_recurrent_residual() -> None:
    layer = _perturbed(RecurrentResidual(4))
    w = _double(layer)
    x = torch.randn(1, 6, 4)

    def sigmoid(value: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-value))

    hidden, cell, outs = np.zeros(4), np.zeros(4), []
    for row in x[0].double().numpy():
        gates = (
            w["lstm.weight_ih_l0"] @ row + w["lstm.bias_ih_l0"] + w["lstm.weight_hh_l0"] @ hidden + w["lstm.bias_hh_l0"]
        )
        enter, forget, new, leave = gates.reshape(4, 4)
        cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
        hidden = sigmoid(leave) * np.tanh(cell)
        outs.append(row + hidden)
    expected = restated.layer_norm(np.array(outs), w["norm.weight"], w["norm.bias"], 1e-5)
    np.testing.assert_allclose(layer(x)[0].detach().numpy(), expected, atol=1e-5)


def test_stochastic_depth_skips_whole_branches_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    residual = Residual(0.25)
    x, branch = torch.zeros(4000, 2, 3), torch.ones(4000, 2, 3)
    out = residual(x, branch)
    stored = out[:, 0, 0] > 0
    torch.testing.assert_close(out[stored], torch.full_like(out[stored], 4 / 3))
    assert (out[~stored] == 0).all()
    assert float(stored.float().mean()) == pytest.approx(0.75, abs=0.03)
    assert torch.equal(residual.eval()(x, branch), branch)
    assert drop_path_schedule(0.1, 3) == pytest.approx([0, 0.05, 0.1])
    assert drop_path_schedule(0.1, 1) == [0]


def test_dropout_drops_its_share_keeps_the_mean_and_follows_the_seed() -> None:
    x = torch.ones(401, 999, requires_grad=True)
    for p in (0.1, 0.5):
        layer = Dropout(p)
        torch.manual_seed(0)
        out = layer(x)
        assert float((out == 0).float().mean()) == pytest.approx(p, abs=0.003)
        assert float(out.detach().mean()) == pytest.approx(1, abs=0.005)
        assert len(out.unique()) == 2
        out.sum().backward()
        assert x.grad is not None
        assert torch.equal(x.grad, out.detach())  # the gradient passes where the number did
        x.grad = None
        torch.manual_seed(0)
        assert torch.equal(layer(x), out)
        assert layer.eval()(x) is x
    neighbors = Dropout(0.5)(torch.ones(100_000)).view(-1, 4) > 0
    share = torch.corrcoef(neighbors.float().mT)
    torch.testing.assert_close(share, torch.eye(4), atol=0.03, rtol=0)  # places of one draw are independent
