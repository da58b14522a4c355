"""What a formula is as a kernel: its curve and gradient, where they are no numbers, its attention on real tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vitcore.errors import UserError
from vitcore.layers.formulas import domain, language, tree
from vitcore.layers.kernels import FORMULA, Kernel, features, kernel_of, spelled

if TYPE_CHECKING:
    from torch import Tensor

PATCH = 4  # pixels: 49 tokens of 16 numbers


@dataclass(frozen=True)
class Portrait:
    """A formula looked at.

    `curve` has columns x, y and gradient, from -8 to 8; `lowest` says how low φ comes; `rough` is where its gradient
    in float32 is no finite number, None where it is finite at every point.
    """

    name: str
    kernel: Kernel
    curve: pd.DataFrame
    lowest: domain.Lowest
    rough: float | None
    operations: int  # number by number, for each feature

    @property
    def sentences(self) -> list[str]:
        """Whether it is positive, what keeps denominators from vanishing, and where its gradient is no number."""
        return [_sign(self.lowest), *([_roughness(self.rough)] if self.rough is not None else [])]


def portrait(typed: str) -> Portrait:
    """Look at a formula, with or without the "f:" before it.

    Raises:
        UserError: one sentence, where it is none.
    """
    import torch

    try:
        name = spelled(f"{FORMULA} {typed.strip().removeprefix(FORMULA)}") or ""
        kernel, lowest = kernel_of(name), domain.lowest(name.removeprefix(FORMULA))
    except ValueError as error:
        raise UserError(str(error)) from None
    x = torch.tensor(domain.POINTS, dtype=torch.float32, requires_grad=True)
    assert kernel.feature is not None
    y = kernel.feature(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    curve = pd.DataFrame({"x": domain.POINTS, "y": y.detach().numpy(), "gradient": gradient.numpy()})
    rough = curve["x"][~np.isfinite(curve["gradient"])]
    place = None if rough.empty else float(rough.loc[rough.abs().idxmin()])
    nodes = tree.walk(language.read(name.removeprefix(FORMULA)))
    operations = sum(max(1, len(tree.parts(node)) - 1) for node in nodes if tree.parts(node))
    return Portrait(name, kernel, curve, lowest, place, operations)


def _sign(lowest: domain.Lowest) -> str:
    where = f"{lowest.value:.3g} at x = {lowest.place:.3g}"
    if lowest.positive:
        return f"φ is positive from −8 to 8 (lowest: {where}): no denominator vanishes, with nothing added."
    if lowest.value >= -1e-12:
        zero = (
            f"φ is 0 on {lowest.silent:.0%} of the way from −8 to 8" if lowest.silent > 0.01 else f"φ comes to {where}"
        )
        return (
            f"{zero}, so a token whose features are all there makes a denominator vanish; ε = {lowest.cure:g}, added "
            "to φ, cures it and is this kernel's own."
        )
    if lowest.cure is not None:
        return (
            f"φ is negative in places (lowest: {where}), so that denominators can vanish; ε = {lowest.cure:g}, added "
            "to φ, cures it and is this kernel's own."
        )
    return (
        f"φ is negative in places (lowest: {where}), so that denominators can vanish, and no ε up to 1 cures it; add a "
        "constant, or take abs, relu or an even power of it."
    )


def _roughness(place: float) -> str:
    return (
        f"Its gradient is no finite number at x = {place:.3g}: a training that meets it ends there. A root's or a "
        "quotient's inside needs a constant that keeps it away from 0; where(…) computes both of its sides."
    )


def digit() -> NDArray[np.uint8]:
    """The first of the built-in digits' test images, (y, x): 28 x 28 pixels."""
    from vitcore.data.load import load

    found: NDArray[np.uint8] = load("digits").test.images[0, 0].numpy()
    return found


def matrices(name: str, image: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Attention (n n), rows summing to 1, by "softmax" and by a kernel, between the patches of one image.

    Queries and keys are the image's own patches of 4 x 4 pixels, each brought to mean 0 and deviation 1 as a norm
    before attention does: tokens without a network, so that only the kernel differs.

    Args:
        image: (y, x), one channel; its sides are multiples of 4.
    """
    import torch

    x = torch.tensor(image, dtype=torch.float32)
    size = PATCH**2
    tokens = x.unfold(0, PATCH, PATCH).unfold(1, PATCH, PATCH).reshape(-1, size)
    tokens = torch.nn.functional.layer_norm(tokens, (size,))
    exact = (tokens @ tokens.mT * size**-0.5).softmax(-1)
    return {"softmax": exact.numpy(), name: _implied(kernel_of(name), tokens).numpy()}


def _implied(kernel: Kernel, tokens: Tensor) -> Tensor:
    scaled = tokens * tokens.shape[-1] ** -0.25
    q, k = (features(kernel, scaled, None, kernel.epsilon, keys=keys) for keys in (False, True))
    mixed = q @ k.mT
    found: Tensor = mixed / mixed.sum(-1, keepdim=True)
    return found
