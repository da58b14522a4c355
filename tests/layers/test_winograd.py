"""Winograd's way gives what torch's own convolution gives, forward and backward, and is taken only where it may be."""

from collections.abc import Callable
from itertools import pairwise
from math import prod

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from vitcore.layers.winograd import CHUNK, LEAST, Convolution3x3

ROUNDING = 5e-5  # of the largest number


def by_torch(layer: Convolution3x3, x: Tensor) -> Tensor:
    return conv2d(x, layer.weight, layer.bias, padding=1)


def close(found: Tensor, wanted: Tensor) -> bool:
    found, wanted = found.detach().double(), wanted.detach()
    return found.shape == wanted.shape and float((found - wanted).abs().max() / wanted.abs().max()) < ROUNDING


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "shape", [(3, 16, 16), (2, 1, 1), (2, 5, 11), (5, 4, 4), (CHUNK // 4 + 3, 8, 8), (1, 2 * CHUNK, 4)]
)
def test_result_and_gradients_are_the_plain_convolution_s(shape: tuple[int, int, int], bias: bool) -> None:
    torch.manual_seed(prod(shape))
    pictures, high, wide = shape
    layer = Convolution3x3(LEAST, LEAST + 6, bias=bias)
    x = torch.randn(pictures, LEAST, high, wide, requires_grad=True)
    inputs = [x, *layer.parameters()]
    found = layer(x)
    wanted = conv2d(x.double(), layer.weight.double(), None if layer.bias is None else layer.bias.double(), padding=1)
    gradient = torch.randn_like(wanted)
    assert close(found, wanted)
    gradients = (torch.autograd.grad(y, inputs, gradient.to(y)) for y in (found, wanted))
    for ours, theirs in zip(*gradients, strict=True):
        assert close(ours, theirs.double())


def test_any_layout_in_memory_gives_the_same_bits() -> None:
    torch.manual_seed(0)
    layer, x = Convolution3x3(LEAST, LEAST), torch.randn(3, LEAST, 9, 7)
    laid = [x, x.contiguous(memory_format=torch.channels_last), x.repeat(1, 2, 1, 1)[:, :LEAST]]
    for one, other in pairwise([layer(each) for each in laid]):
        assert torch.equal(one, other)


def test_a_first_layer_asks_for_no_gradient_of_its_pictures() -> None:
    layer, x = Convolution3x3(LEAST, LEAST), torch.randn(2, LEAST, 8, 8)
    layer(x).square().sum().backward()
    wanted = torch.autograd.grad(by_torch(layer, x).square().sum(), layer.weight)[0]
    assert x.grad is None
    assert layer.weight.grad is not None
    assert close(layer.weight.grad, wanted.double())


def frozen(layer: Convolution3x3) -> None:
    layer.weight.requires_grad_(False)


PLAIN: dict[str, Callable[[Convolution3x3], object]] = {"evaluation": Convolution3x3.eval, "frozen weights": frozen}


@pytest.mark.parametrize("why", PLAIN)
def test_where_nothing_is_trained_the_bits_are_torch_s_own(why: str) -> None:
    layer, x = Convolution3x3(LEAST, LEAST), torch.randn(2, LEAST, 8, 8, requires_grad=True)
    PLAIN[why](layer)
    assert torch.equal(layer(x), by_torch(layer, x))


@pytest.mark.parametrize(("before", "after"), [(LEAST, LEAST), (LEAST - 1, LEAST), (LEAST, LEAST - 1)])
def test_narrow_layers_go_torch_s_way(before: int, after: int) -> None:
    layer, x = Convolution3x3(before, after), torch.randn(2, before, 8, 8)
    assert torch.equal(layer(x), by_torch(layer, x)) == (min(before, after) < LEAST)


def test_other_numbers_go_torch_s_way() -> None:
    layer, x = Convolution3x3(LEAST, LEAST).double(), torch.randn(1, LEAST, 4, 4).double()
    assert torch.equal(layer(x), by_torch(layer, x))
    layer = layer.float()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x.float()).dtype == torch.bfloat16
