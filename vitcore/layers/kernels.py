"""Attention kernels, one table: what stands between a query and a key (Performer report, Equations 1 to 6).

Nothing here imports torch at run time: forms and validation read the table before any tensor is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Kernel:
    """One attention kernel.

    `feature` maps projected queries or keys (..., m) to features (..., m); None means softmax itself, the one kernel
    that is not linear. `epsilon` is what is added to the features so that no denominator is zero.
    """

    label: str
    formula: str
    feature: Callable[[Tensor], Tensor] | None
    epsilon: float = 0.0
    projected: bool = False
    source: str = "Davis and Duggirala, Performer kernels on MNIST"

    @property
    def linear(self) -> bool:
        return self.feature is not None


def relu(y: Tensor) -> Tensor:
    return y.clamp(min=0)


def square(y: Tensor) -> Tensor:
    return y.square()


def square_clamped(y: Tensor) -> Tensor:
    return y.square().clamp(min=0)


def quartic(y: Tensor) -> Tensor:
    return y.square().square()


def quartic_clamped(y: Tensor) -> Tensor:
    return y.square().square().clamp(min=0)


KERNELS: dict[str, Kernel] = {
    "softmax": Kernel("softmax", "exp(q·k/√d) / Σ", None),
    "relu": Kernel("ReLU", "max(0, x)", relu, epsilon=1e-3),
    "x^4": Kernel("x⁴", "x⁴", quartic),
    "max(x^4,0)": Kernel("max(x⁴, 0)", "max(x⁴, 0)", quartic_clamped),
    "x^2": Kernel("x²", "x²", square),
    "max(x^2,0)": Kernel("max(x², 0)", "max(x², 0)", square_clamped),
}
