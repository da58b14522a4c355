"""Every kernel's attention against plain loops in float64, the window's cost, FAVOR+'s convergence, redraw."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.layers import restated
from tests.layers.black_patches import check_black_patches
from vitcore.layers.attention import EXPLICIT_TOKENS, Attention, random_features, redraw_features, window_band
from vitcore.layers.kernels import KERNELS

LINEAR = [name for name, kernel in KERNELS.items() if kernel.linear]


def _double(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def _restated(attention: Attention, x: torch.Tensor, kernel: str, causal: bool = False) -> np.ndarray:
    return np.stack(
        [
            restated.attention(
                _double(image),
                _double(attention.qkv.weight),
                None if attention.qkv.bias is None else _double(attention.qkv.bias),
                _double(attention.projection.weight),
                _double(attention.projection.bias),
                num_heads=attention.num_heads,
                num_kv_heads=attention.num_kv_heads,
                kernel=kernel,
                drawn=None if attention.random_features is None else _double(attention.random_features),
                epsilon=attention.epsilon,
                window=attention.window,
                causal=causal,
            )
            for image in x
        ]
    )


@pytest.mark.parametrize("features", [None, 5, 12])
@pytest.mark.parametrize("kernel", KERNELS)
def test_each_kernel_agrees_with_plain_loops_in_float64(kernel: str, features: int | None) -> None:
    torch.manual_seed(0)
    attention = Attention(16, 2, tokens=9, kernel=KERNELS[kernel], features=features, qkv_bias=True)
    x = torch.randn(2, 9, 16)
    np.testing.assert_allclose(attention(x).detach().numpy(), _restated(attention, x, kernel), atol=1e-5)


@pytest.mark.parametrize("num_kv_heads", [1, 2, 4])
@pytest.mark.parametrize("kernel", ["softmax", "favor+", "relu"])
def test_queries_share_key_heads(kernel: str, num_kv_heads: int) -> None:
    torch.manual_seed(1)
    attention = Attention(16, 4, tokens=7, kernel=KERNELS[kernel], num_kv_heads=num_kv_heads)
    x = torch.randn(2, 7, 16)
    assert attention.qkv.weight.shape == (16 + 2 * num_kv_heads * 4, 16)
    np.testing.assert_allclose(attention(x).detach().numpy(), _restated(attention, x, kernel), atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("window", [0, 1, 3, 10, 30])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_sliding_window_sees_its_neighbors_alone(kernel: str, window: int, causal: bool) -> None:
    torch.manual_seed(2)
    attention = Attention(8, 2, tokens=11, kernel=KERNELS[kernel], num_kv_heads=1, window=window, causal=causal)
    x = torch.randn(1, 11, 8, requires_grad=True)
    out = attention(x)
    np.testing.assert_allclose(out.detach().numpy(), _restated(attention, x, kernel, causal), atol=1e-5)
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_many_tokens_go_through_the_fused_softmax_and_few_through_products() -> None:
    torch.manual_seed(3)
    few, many = Attention(16, 2, tokens=17), Attention(16, 2, tokens=EXPLICIT_TOKENS + 1)
    assert few.explicit
    assert not many.explicit
    many.load_state_dict(few.state_dict())
    x = torch.randn(2, 17, 16)
    torch.testing.assert_close(few(x), many(x), atol=1e-6, rtol=0)


def _products(attention: Attention, tokens: int) -> int:
    """Multiply-accumulates of attention alone, without its linear maps."""
    with FlopCounterMode(display=False) as counter:
        attention(torch.randn(1, tokens, 32))
    linear = tokens * sum(module.weight.numel() for module in (attention.qkv, attention.projection))
    return counter.get_total_flops() // 2 - linear


def test_linear_kernels_cost_in_proportion_to_the_tokens() -> None:
    for kernel in LINEAR:
        costs = [_products(Attention(32, 2, tokens=n, kernel=KERNELS[kernel], features=8), n) for n in (64, 512)]
        assert costs[1] == 8 * costs[0], kernel
    costs = [_products(Attention(32, 2, tokens=n), n) for n in (24, 96)]
    assert costs[1] == 16 * costs[0]


def test_a_window_costs_tokens_times_window() -> None:
    for kernel in KERNELS:
        few, many, wide = (
            _products(Attention(32, 2, tokens=n, kernel=KERNELS[kernel], window=w), n)
            for n, w in ((256, 8), (2048, 8), (256, 16))
        )
        assert many == 8 * few, kernel
        assert few < wide <= 2 * few, kernel
    assert window_band(4096, 8, causal=False).numel() == 4096 * 24


def _relative_error(features: int, orthogonal: bool) -> float:
    """Of FAVOR+ against softmax's attention, mean over 20 draws (32-wide head, q and k of scale 0.25)."""
    errors = []
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        q, k, v = (torch.randn(1, 1, 64, 32, generator=generator) for _ in range(3))
        q, k = q * 0.25, k * 0.25
        attention = Attention(32, 1, tokens=64, kernel=KERNELS["favor+"], features=features, epsilon=1e-6)
        assert attention.random_features is not None
        attention.random_features.copy_(random_features(features, 32, orthogonal, generator))
        exact = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        errors.append(float((attention._linear(q, k, v) - exact).norm() / exact.norm()))
    return sum(errors) / len(errors)


def test_favor_approaches_softmax_as_features_grow() -> None:
    few, more, many = (_relative_error(m, orthogonal=True) for m in (32, 256, 4096))
    assert few == pytest.approx(0.11, abs=0.03)
    assert more == pytest.approx(0.04, abs=0.015)
    assert many == pytest.approx(0.015, abs=0.01)


def test_orthogonal_rows_are_at_right_angles_with_gaussian_norms() -> None:
    rows = random_features(64, 32, generator=torch.Generator().manual_seed(0))
    block = torch.nn.functional.normalize(rows[:32], dim=1)
    torch.testing.assert_close(block @ block.mT, torch.eye(32), atol=1e-5, rtol=0)
    norms = random_features(4096, 32, generator=torch.Generator().manual_seed(1)).norm(dim=1)
    assert float(norms.square().mean()) == pytest.approx(32, rel=0.03)
    assert float(norms.square().var()) == pytest.approx(64, rel=0.1)  # chi-squared with 32 degrees of freedom
    free = random_features(32, 32, orthogonal=False, generator=torch.Generator().manual_seed(0))
    assert not torch.allclose(free @ free.mT, torch.diag((free @ free.mT).diagonal()), atol=1e-2)


def test_redraw_changes_features_in_place_and_a_seed_repeats_it() -> None:
    linear = Attention(16, 2, tokens=4, kernel=KERNELS["favor+"], features=6)
    model = torch.nn.Sequential(linear, Attention(16, 2, tokens=4))
    drawn = linear.random_features
    assert drawn is not None
    before = drawn.clone()
    redraw_features(model, torch.Generator().manual_seed(5))
    first = drawn.clone()
    redraw_features(model, torch.Generator().manual_seed(5))
    assert not torch.equal(before, first)
    torch.testing.assert_close(first, drawn, atol=0, rtol=0)
    assert model[0].random_features is drawn
    assert model[1].random_features is None


@pytest.mark.parametrize("kernel", LINEAR)
def test_black_patches_give_no_nan_at_the_kernels_own_epsilon(kernel: str) -> None:
    check_black_patches(KERNELS[kernel])


def test_without_epsilon_a_silent_relu_divides_by_zero_as_in_the_report() -> None:
    attention = Attention(16, 2, tokens=5, kernel=KERNELS["relu"], epsilon=0.0)
    with torch.no_grad():
        attention.qkv.weight.copy_(-attention.qkv.weight.abs())
    assert attention(torch.ones(1, 5, 16)).isnan().all()


def test_attention_dropout_leaves_evaluation_alone_and_changes_training() -> None:
    torch.manual_seed(0)
    attention = Attention(16, 2, tokens=8, dropout=0.5)
    x = torch.randn(1, 8, 16)
    assert not torch.equal(attention(x), attention(x))
    attention.eval()
    torch.testing.assert_close(attention(x), attention(x), atol=0, rtol=0)


def test_wrong_sizes_are_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match="3 heads do not divide a width of 16"):
        Attention(16, 3, tokens=4)
    with pytest.raises(ValueError, match="3 key heads do not divide 4 query heads"):
        Attention(16, 4, tokens=4, num_kv_heads=3)
    with pytest.raises(ValueError, match="causal attention needs a window"):
        Attention(16, 4, tokens=4, causal=True)
