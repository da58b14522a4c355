"""What the kernels are as functions: their shape, how near FAVOR+ comes to softmax, and which two are the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vitcore.layers.kernels import KERNELS, features, kernel_of

SCALE = 0.5
"""Deviation of the queries' and keys' entries in the comparison with softmax. At 0.25 attention is nearly uniform:
attending to all alike errs by 5.7 %, less than 64 features do. At unit scale exp(q·k/√d) is so uneven that no number of
features helps. Here uniform attention errs by 22 %, and from 256 features on FAVOR+ is nearer."""

HEAD_WIDTH, TOKENS = 32, 128
COUNTS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)


def feature_curves(kernels: Sequence[str], low: float = -3.0, high: float = 3.0, points: int = 241) -> pd.DataFrame:
    """φ(x) of a single number, by columns `kernel`, `x`, `y`; softmax has none, FAVOR+ is exp(x - x²/2)."""
    import torch

    x = torch.linspace(low, high, points, dtype=torch.float64)
    found = []
    for name in kernels:
        kernel = kernel_of(name)
        if kernel.feature is not None:
            y = kernel.feature(x - x.square() / 2) if kernel.stabilized else kernel.feature(x)
            found.append(pd.DataFrame({"kernel": name, "x": x.numpy(), "y": y.numpy()}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["kernel", "x", "y"])


def weight_curves(kernels: Sequence[str], points: int = 61, pairs: int = 200, seed: int = 0) -> pd.DataFrame:
    """What a key weighs, against its q·k/√d, by columns `kernel`, `x`, `y`.

    Queries and keys are 32 wide and of length √32 (entries of unit size); y is φ(q)·φ(k), the mean over `pairs` random
    pairs at that angle to either side, as a share of what a key equal to the query weighs. Softmax stands for
    exp(q·k/√d) itself; the others are without a projection. FAVOR+ is drawn as what it means: its features' mean is
    softmax's weight.
    """
    import torch

    draws = torch.Generator().manual_seed(seed)
    width = HEAD_WIDTH
    q = torch.nn.functional.normalize(torch.randn(pairs, width, generator=draws), dim=-1)
    other = torch.randn(pairs, width, generator=draws)
    other = torch.nn.functional.normalize(other - (other * q).sum(-1, keepdim=True) * q, dim=-1)
    q, other = torch.cat([q, q]), torch.cat([other, -other])  # either side alike: less noise, even kernels even
    cosines = torch.linspace(-1, 1, points)[:, None, None]
    keys = cosines * q + (1 - cosines.square()).clamp(min=0).sqrt() * other  # (points pairs width)
    along = (cosines.flatten() * width**0.5).numpy()
    scale = width**0.5 * width**-0.25
    found = []
    for name in kernels:
        kernel = kernel_of(name)
        if kernel.feature is None or kernel.stabilized:
            weights = np.exp(along)
        else:
            fq, fk = (features(kernel, x * scale, None, 0.0, keys=False) for x in (q, keys))
            weights = (fq * fk).sum(-1).mean(-1).double().numpy()
        found.append(pd.DataFrame({"kernel": name, "x": along, "y": weights / weights[-1]}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["kernel", "x", "y"])


def uniform_error(scale: float = SCALE, width: int = HEAD_WIDTH, tokens: int = TOKENS, seed: int = 0) -> float:
    """The error that attending to all tokens alike has against softmax on the same numbers as `favor_error`.

    What is no nearer than this has learned nothing of the queries and keys.
    """
    q, k, v = _drawn(width, tokens, scale, seed)[:3]
    exact = (q @ k.mT * width**-0.5).softmax(-1) @ v
    return float((v.mean(0).expand_as(exact) - exact).norm() / exact.norm())


def _drawn(width: int, tokens: int, scale: float, seed: int) -> Any:
    """Queries, keys and values (n k) with Gaussian entries of deviation `scale`, `scale` and 1; and their generator."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    return *(torch.randn(tokens, width, generator=generator) * spread for spread in (scale, scale, 1.0)), generator


def favor_error(
    counts: Sequence[int] = COUNTS,
    draws: int = 4,
    width: int = HEAD_WIDTH,
    tokens: int = TOKENS,
    seed: int = 0,
    scale: float = SCALE,
) -> pd.DataFrame:
    """Relative error of FAVOR+ attention against softmax by `features`, `orthogonal`: `error` (mean), `low`, `high`.

    The error is ‖FAVOR+ - softmax‖ / ‖softmax‖ of the attention's output (Frobenius norms), over `draws` draws of the
    features on the same queries, keys and values, whose entries are Gaussian with deviation `scale`, `scale` and 1.
    """
    from vitcore.layers.attention import random_features

    q, k, v, generator = _drawn(width, tokens, scale, seed)
    exact = (q @ k.mT * width**-0.5).softmax(-1) @ v
    kernel, shrink = KERNELS["favor+"], width**-0.25
    rows = []
    for orthogonal in (True, False):
        for count in counts:
            errors = []
            for _ in range(draws):
                drawn = random_features(count, width, orthogonal, generator)
                fq, fk = (
                    features(kernel, x * shrink, drawn, kernel.epsilon, keys=keys)
                    for x, keys in ((q, False), (k, True))
                )
                out = (fq @ (fk.mT @ v)) / (fq @ fk.sum(0)[:, None])
                errors.append(float((out - exact).norm() / exact.norm()))
            rows.append((count, orthogonal, float(np.mean(errors)), min(errors), max(errors)))
    return pd.DataFrame(rows, columns=["features", "orthogonal", "error", "low", "high"])


@dataclass(frozen=True)
class Agreement:
    """Two kernels' features on the same numbers."""

    compared: int
    different: int  # values whose bits are not the same
    largest: float  # difference


def agreement(first: str, second: str, numbers: int = 1_000_000, seed: int = 0) -> Agreement:
    """Compare two kernels' features bit for bit on random float32 numbers of every size, zeros and infinities too.

    Raises:
        ValueError: one of them is softmax, which has no features.
    """
    import torch

    draws = torch.Generator().manual_seed(seed)
    edges = torch.tensor([0.0, -0.0, 1e-45, -1e-45, 1e-12, -1e-12, 3.4e38, -3.4e38, float("inf"), float("-inf")])
    x = torch.randn(numbers - len(edges), generator=draws)
    x = torch.cat([edges, x * 10 ** (torch.rand(len(x), generator=draws) * 12 - 6)])  # from 1e-6 to 1e6
    left, right = (KERNELS[name].feature for name in (first, second))
    if left is None or right is None:
        raise ValueError(f"{first} and {second} must both have features; softmax has none")
    a, b = left(x), right(x)
    apart = (a - b).abs()
    return Agreement(
        compared=len(x),
        different=int((a.view(torch.int32) != b.view(torch.int32)).sum()),
        largest=float(apart[apart.isfinite()].max()),
    )


def same_pairs(report: str = "performer") -> pd.DataFrame:
    """The report's pairs of rows that are one function: `table`, `column`, both names, both errors, how far `apart`."""
    from vitcore.published.metrics import METRICS
    from vitcore.published.tables import tables

    rows = []
    for table in tables().values():
        for first, second in table.equivalent if table.report == report else []:
            for column in table.columns:
                if METRICS[column.metric].source != "error_percent":
                    continue
                a, b = table.cell(first, column.key), table.cell(second, column.key)
                if a and b:
                    names = table.row(first).label, table.row(second).label
                    rows.append((table.place, column.title, *names, a.value, b.value, abs(a.value - b.value)))
    return pd.DataFrame(rows, columns=["table", "column", "first", "second", "first_error", "second_error", "apart"])
