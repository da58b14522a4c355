"""Attention kernels: what stands between a query and a key; one table, or a formula.

The table is the Performer report's, Equations 1 to 6, and what belongs beside it.

Nothing here imports torch at run time: forms and validation read the table before any tensor is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from vitcore.layers.formulas import computing, domain, language, tree

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Kernel:
    """One attention kernel.

    `feature` maps queries or keys (..., m), scaled by d^-1/4 and perhaps projected, to features (..., m); None means
    softmax itself, the one kernel that is not linear. `epsilon` is added to the features so that no denominator is
    zero: a token of zeros (a black patch without positions), or one that ReLU silences, has features that are all 0.
    `stabilized` marks FAVOR+, whose exponent also loses half the squared norm and the largest projection.
    """

    label: str
    formula: str
    feature: Callable[[Tensor], Tensor] | None
    epsilon: float = 0.0
    stabilized: bool = False
    source: str = "Davis and Duggirala, Performer kernels on MNIST"

    @property
    def linear(self) -> bool:
        """Whether attention is made of features, at a cost that grows as n, and not of an n x n matrix of weights."""
        return self.feature is not None

    @property
    def projected(self) -> bool:
        """Whether the kernel makes no sense without random features."""
        return self.stabilized


def exponential(y: Tensor) -> Tensor:
    """e^y, number by number: (... m) -> (... m), FAVOR+'s features (Choromanski et al. 2021, Lemma 1)."""
    return y.exp()


def relu(y: Tensor) -> Tensor:
    """max(0, y), number by number: (... m) -> (... m)."""
    return y.relu()


def quartic(y: Tensor) -> Tensor:
    """y⁴, number by number: (... m) -> (... m)."""
    return y.square().square()


def quartic_clamped(y: Tensor) -> Tensor:
    """max(y⁴, 0), number by number: (... m) -> (... m); equal to y⁴, and in the Performer report beside it."""
    return y.square().square().clamp(min=0)


def square(y: Tensor) -> Tensor:
    """y², number by number: (... m) -> (... m)."""
    return y.square()


def square_clamped(y: Tensor) -> Tensor:
    """max(y², 0), number by number: (... m) -> (... m); equal to y², and in the Performer report beside it."""
    return y.square().clamp(min=0)


def relu_squared(y: Tensor) -> Tensor:
    """max(0, y)², number by number: (... m) -> (... m)."""
    return y.relu().square()


def relu_quartic(y: Tensor) -> Tensor:
    """max(0, y)⁴, number by number: (... m) -> (... m)."""
    return y.relu().square().square()


def elu_plus_one(y: Tensor) -> Tensor:
    """elu(y) + 1, number by number: (... m) -> (... m) (Katharopoulos et al. 2020, Equation 7)."""
    # max(y, 0) + exp(min(y, 0)) is elu(y) + 1 without the cancellation that makes it 0 in bfloat16 from y = -6 on.
    return y.relu() + y.clamp(max=0).exp()


_CHOROMANSKI = "Choromanski et al. 2021, Rethinking Attention with Performers"
_KATHAROPOULOS = "Katharopoulos et al. 2020, Transformers are RNNs"
_CLAMPED_FIRST = "What the Performer report may have meant; it writes max(x², 0) and max(x⁴, 0)"

KERNELS: dict[str, Kernel] = {
    "softmax": Kernel("softmax", "exp(q·k/√d) / Σ", None, source="Vaswani et al. 2017"),
    "favor+": Kernel(
        "FAVOR+", "m^-½ (exp(Wx − ‖x‖²/2 − max) + ε)", exponential, epsilon=1e-4, stabilized=True, source=_CHOROMANSKI
    ),
    "relu": Kernel("ReLU", "max(0, x)", relu, epsilon=1e-3),
    "x^4": Kernel("x⁴", "x⁴", quartic, epsilon=1e-8),
    "max(x^4,0)": Kernel("max(x⁴, 0)", "max(x⁴, 0)", quartic_clamped, epsilon=1e-8),
    "x^2": Kernel("x²", "x²", square, epsilon=1e-8),
    "max(x^2,0)": Kernel("max(x², 0)", "max(x², 0)", square_clamped, epsilon=1e-8),
    "max(x,0)^2": Kernel("max(x, 0)²", "max(x, 0)²", relu_squared, epsilon=1e-3, source=_CLAMPED_FIRST),
    "max(x,0)^4": Kernel("max(x, 0)⁴", "max(x, 0)⁴", relu_quartic, epsilon=1e-4, source=_CLAMPED_FIRST),
    "elu+1": Kernel("elu + 1", "elu(x) + 1", elu_plus_one, epsilon=1e-6, source=_KATHAROPOULOS),
}

FORMULA = "f:"
"""What the name of a kernel begins with that is a formula of one's own, such as "f: relu(x)**3"."""


def is_formula(name: str) -> bool:
    """Whether a kernel's name is a formula."""
    return name.startswith(FORMULA)


def spelled(name: str) -> str | None:
    """The name of a formula's kernel as it is stored, in its one spelling; None where the name is no formula.

    Raises:
        ValueError: a formula that is none, or that is no number somewhere; in one sentence.
    """
    if not is_formula(name):
        return None
    formula = language.canonical(name.removeprefix(FORMULA))
    domain.check(formula)
    return f"{FORMULA} {formula}"


def identity(name: str) -> str:
    """What the names of two kernels share that are one formula in two forms; one of the table is itself alone.

    Raises:
        ValueError: a formula that is none.
    """
    return f"{FORMULA} {language.identity(name.removeprefix(FORMULA))}" if is_formula(name) else name


def kernel_of(name: str) -> Kernel:
    """The kernel of the table, or that of a formula, whose epsilon keeps its denominators from vanishing.

    Raises:
        ValueError: there is none of this name, or the formula is none.
    """
    if is_formula(name):
        return _of_formula(name)
    if name not in KERNELS:
        raise ValueError(
            f"there is no kernel {name!r}; there are {', '.join(KERNELS)}, and formulas such as 'f: relu(x)**3'"
        )
    return KERNELS[name]


@lru_cache(maxsize=1024)
def _of_formula(name: str) -> Kernel:
    formula = name.removeprefix(FORMULA)
    domain.check(formula)
    node = language.read(formula)
    return Kernel(
        label=tree.printed(node),
        formula=tree.printed(node),
        feature=partial(computing.of_tensor, node),
        epsilon=domain.lowest(formula).cure or 0.0,
        source="a formula of your own",
    )


def features(kernel: Kernel, x: Tensor, projection: Tensor | None, epsilon: float, *, keys: bool) -> Tensor:
    """Features φ(x) of queries or keys, of which a linear kernel's attention is made.

    Args:
        x: (... n k), already scaled by k^-1/4.
        projection: (m k) random features, or None for φ(x) = f(x) + ε without any.
        keys: FAVOR+ takes off the largest projection of a query's own features, but of all tokens' for keys, since
            a factor that differs between keys would not cancel (Choromanski et al. 2021, their published code).

    Returns:
        (... n m), never negative for the kernels of the table; without a projection m is k.

    Raises:
        ValueError: the kernel is softmax, which has no finite features.
    """
    if kernel.feature is None:
        raise ValueError("softmax has no finite features; favor+ approximates it")
    y = x if projection is None else x @ projection.to(x.dtype).mT  # (... n m)
    if not kernel.stabilized:
        return kernel.feature(y) + epsilon if epsilon else kernel.feature(y)
    y = y.float()  # differences of large exponents: bfloat16 would keep too few digits
    highest = y.detach().amax(dim=(-2, -1) if keys else -1, keepdim=True)
    half_norm = x.float().square().sum(-1, keepdim=True) / 2
    found: Tensor = (kernel.feature(y - half_norm - highest) + epsilon) * y.shape[-1] ** -0.5
    return found.to(x.dtype)
