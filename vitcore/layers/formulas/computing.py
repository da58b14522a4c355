"""Computes a formula: number by number of a tensor by torch's operations, or of an array by numpy's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vitcore.layers.formulas.tree import Call, Node, Number, Power, Product, Sum, Where

if TYPE_CHECKING:
    from torch import Tensor

Operations = Mapping[str, Callable[..., Any]]

_erf = np.frompyfunc(math.erf, 1, 1)

NUMPY: Operations = {
    "abs": np.abs, "exp": np.exp, "log1p": np.log1p, "tanh": np.tanh, "sin": np.sin, "cos": np.cos,
    "relu": lambda y: np.maximum(y, 0.0),
    "gelu": lambda y: y * (1 + _erf(y / math.sqrt(2)).astype(y.dtype)) / 2,
    "softplus": lambda y: np.logaddexp(0.0, y),
    "sigmoid": lambda y: np.exp(-np.logaddexp(0.0, -y)),
    "max": np.maximum, "min": np.minimum, "where": np.where, "full": np.full_like, "power": np.power,
}  # fmt: skip
"""What each function is on arrays."""


def of_array(node: Node, x: NDArray[np.floating]) -> NDArray[np.floating]:
    """φ(x), number by number, in x's own precision; what is no number is NaN or infinite, silently."""
    with np.errstate(all="ignore"):
        found: NDArray[np.floating] = _computed(node, x, NUMPY)
    return found


def of_tensor(node: Node, x: Tensor) -> Tensor:
    """φ(x), number by number: (... m) -> (... m), in float32 at least, as half of its digits would drown a sum."""
    import torch

    wide = x if x.dtype in (torch.float32, torch.float64) else x.float()
    found: Tensor = _computed(node, wide, _torch())
    return found.to(x.dtype)


def _torch() -> Operations:
    """What each function is in torch."""
    import torch
    import torch.nn.functional as F

    return {
        "abs": torch.abs, "exp": torch.exp, "log1p": torch.log1p, "tanh": torch.tanh, "sin": torch.sin,
        "cos": torch.cos, "relu": torch.relu, "gelu": F.gelu, "softplus": F.softplus, "sigmoid": torch.sigmoid,
        "max": torch.maximum, "min": torch.minimum, "where": torch.where, "full": torch.full_like, "power": torch.pow,
    }  # fmt: skip


def _computed(node: Node, x: Any, by: Operations) -> Any:
    """One node on x; numbers stay plain until an operation needs an array."""
    match node:
        case Number(value):
            return float(value)
        case Sum(terms):
            return reduce(lambda a, b: a + b, (_computed(each, x, by) for each in terms))
        case Product(factors):
            return _product(factors, x, by)
        case Power(_, exponent) if exponent < 0:
            return _product((node,), x, by)
        case Power(base, exponent):
            whole = int(exponent) if exponent.denominator == 1 else float(exponent)
            return by["power"](_full(base, x, by), whole)
        case Call(("max" | "min") as name, arguments):
            return reduce(by[name], (_full(each, x, by) for each in arguments))
        case Call(name, arguments):
            return by[name](_full(arguments[0], x, by))
        case Where(left, right, then, otherwise):
            below = _full(left, x, by) < _full(right, x, by)
            return by["where"](below, _full(then, x, by), _full(otherwise, x, by))
    return x


def _product(factors: tuple[Node, ...], x: Any, by: Operations) -> Any:
    above = [each for each in factors if not (isinstance(each, Power) and each.exponent < 0)]
    below = [Power(each.base, -each.exponent) for each in factors if isinstance(each, Power) and each.exponent < 0]
    found = reduce(lambda a, b: a * b, (_computed(each, x, by) for each in above)) if above else 1.0
    for each in below:
        found = found / _full(each.base if each.exponent == 1 else each, x, by)
    return found


def _full(node: Node, x: Any, by: Operations) -> Any:
    """A node as an array of x's shape, a number too."""
    found = _computed(node, x, by)
    return by["full"](x, found) if isinstance(found, float) else found
