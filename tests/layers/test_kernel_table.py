"""The kernel table itself: its keys, its functions, and that it needs no torch."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from tests.layers import restated
from vitcore.layers.kernels import KERNELS, features


def test_the_table_holds_the_ten_kernels() -> None:
    assert list(KERNELS) == [
        "softmax",
        "favor+",
        "relu",
        "x^4",
        "max(x^4,0)",
        "x^2",
        "max(x^2,0)",
        "max(x,0)^2",
        "max(x,0)^4",
        "elu+1",
    ]
    assert [name for name, kernel in KERNELS.items() if not kernel.linear] == ["softmax"]
    assert all(kernel.label and kernel.formula and kernel.source for kernel in KERNELS.values())


@pytest.mark.parametrize("name", restated.POINTWISE)
def test_pointwise_features_are_their_formula_plus_epsilon(name: str) -> None:
    x = torch.linspace(-3, 3, 41, dtype=torch.float64).reshape(1, 41)
    expected = torch.tensor([[restated.POINTWISE[name](float(value)) + 0.25 for value in x[0]]], dtype=torch.float64)
    found = features(KERNELS[name], x, None, 0.25, keys=True)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    assert (features(KERNELS[name], x, None, 0.0, keys=True) >= 0).all()


@pytest.mark.parametrize(("plain", "clamped"), [("x^4", "max(x^4,0)"), ("x^2", "max(x^2,0)")])
def test_an_even_power_and_its_maximum_with_zero_are_one_function_bit_for_bit(plain: str, clamped: str) -> None:
    x = torch.randn(1000, 64)
    for dtype in (torch.float32, torch.bfloat16):
        a, b = (features(KERNELS[name], x.to(dtype), None, 0.0, keys=False) for name in (plain, clamped))
        assert torch.equal(a, b)


def test_elu_plus_one_stays_positive_in_bfloat16() -> None:
    x = torch.linspace(-20, 0, 100, dtype=torch.bfloat16)
    assert (features(KERNELS["elu+1"], x, None, 0.0, keys=False) > 0).all()


def test_softmax_has_no_finite_features() -> None:
    with pytest.raises(ValueError, match=r"favor\+ approximates"):
        features(KERNELS["softmax"], torch.zeros(1, 1), None, 0.0, keys=False)


def test_neither_the_kernels_nor_the_architectures_import_torch() -> None:
    code = "import sys, vitcore.layers.kernels, vitcore.models; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
