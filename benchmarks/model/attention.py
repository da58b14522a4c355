"""Linear kernels against softmax from 17 to 4,097 tokens, and sliding windows: forward + backward, measured here.

    python benchmarks/model/attention.py                    every kernel, head widths 32 and 64
    python benchmarks/model/attention.py --quick            fewer sizes, for a look
    python benchmarks/model/attention.py --precision bfloat16 --threads 2

Figures are microseconds of CPU a token for one attention layer of 4 heads (its linear maps, the same for all kernels,
included and also shown alone), the best of several rounds in which all kernels take turns, so that what else the
machine does falls on all alike. Ratios within one run are what to trust.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from vitcore.layers.attention import Attention
from vitcore.layers.kernels import KERNELS

TOKENS = (17, 33, 65, 129, 257, 513, 1025, 2049, 4097)
HEADS, FEATURES = 4, 64


def _step(attention: Attention, x: Tensor) -> float:
    """Seconds of CPU, all threads together, of one forward and backward pass."""
    start = time.process_time()
    attention(x).sum().backward()
    return time.process_time() - start


def _best(contenders: dict[str, Attention], x: Tensor, rounds: int) -> dict[str, float]:
    for attention in contenders.values():
        _step(attention, x)
    best = dict.fromkeys(contenders, math.inf)
    for _ in range(rounds):
        for name, attention in contenders.items():
            best[name] = min(best[name], _step(attention, x))
    return {name: seconds / (x.shape[0] * x.shape[1]) * 1e6 for name, seconds in best.items()}


def _table(head: str, columns: list[str], rows: list[tuple[str, list[float]]]) -> None:
    print(f"\n{head}\n{'':>16}" + "".join(f"{column:>9}" for column in columns))
    for name, values in rows:
        print(f"{name:>16}" + "".join(f"{value:9.2f}" for value in values))


def _crossover(tokens: list[int], kernel: list[float], softmax: list[float]) -> str:
    """The token count from which the kernel stays quicker, interpolated in the logarithms."""
    quicker = [a < b for a, b in zip(kernel, softmax, strict=True)]
    if not quicker[-1]:
        return f"not quicker at {tokens[-1]:,} tokens"
    place = len(quicker) - 1 - quicker[::-1].index(False) if False in quicker else -1
    if place < 0:
        return f"quicker already at {tokens[0]} tokens"
    before, after = (math.log(kernel[i] / softmax[i]) for i in (place, place + 1))
    share = before / (before - after)
    low, high = math.log(tokens[place]), math.log(tokens[place + 1])
    return f"quicker from about {math.exp(low + share * (high - low)):,.0f} tokens"


def kernels(tokens: list[int], head_width: int, rounds: int, dtype: torch.dtype, features: int | None) -> None:
    """Every kernel beside softmax in both its ways, and where each passes the quicker of those."""
    width = HEADS * head_width
    found: dict[str, list[float]] = {}
    for n in tokens:
        contenders: dict[str, Attention] = {}
        for way in ("products", "fused"):
            contenders[f"softmax {way}"] = Attention(width, HEADS, tokens=n)
            contenders[f"softmax {way}"].explicit = way == "products"
        for name, kernel in KERNELS.items():
            if kernel.linear:
                count = FEATURES if kernel.projected else features
                contenders[name] = Attention(width, HEADS, tokens=n, kernel=kernel, features=count)
        contenders = {name: attention.to(dtype) for name, attention in contenders.items()}
        x = torch.randn(max(1, 4096 // n), n, width, dtype=dtype, requires_grad=True)
        for name, value in _best(contenders, x, rounds).items():
            found.setdefault(name, []).append(value)
    drawn = f"m = {features} random features" if features else f"no projection, FAVOR+ m = {FEATURES}"
    _table(f"CPU µs a token, head width {head_width}, {drawn}", [f"{n:,}" for n in tokens], list(found.items()))
    softmax = [min(pair) for pair in zip(found["softmax products"], found["softmax fused"], strict=True)]
    print(f"\nAgainst the quicker softmax at {tokens[-1]:,} tokens, and where the kernel passes it:")
    for name, values in found.items():
        if not name.startswith("softmax"):
            print(f"{name:>16} {softmax[-1] / values[-1]:6.1f} times quicker; {_crossover(tokens, values, softmax)}")
    print(f"{'softmax':>16} {_crossover(tokens, found['softmax fused'], found['softmax products'])} when fused")


def windows(tokens: list[int], rounds: int, dtype: torch.dtype) -> None:
    """Sliding windows of multi-query attention: level lines over n are cost in proportion to n; lines rise with w."""
    rows: dict[str, list[float]] = {}
    for n in tokens:
        contenders = {f"window {w}": Attention(128, 4, tokens=n, num_kv_heads=1, window=w) for w in (8, 16, 32, 64)}
        contenders["all tokens"] = Attention(128, 4, tokens=n, num_kv_heads=1)
        contenders = {name: attention.to(dtype) for name, attention in contenders.items()}
        x = torch.randn(max(1, 4096 // n), n, 128, dtype=dtype, requires_grad=True)
        for name, value in _best(contenders, x, rounds).items():
            rows.setdefault(name, []).append(value)
    _table("CPU µs a token, sliding-window multi-query attention", [f"{n:,}" for n in tokens], list(rows.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sizes and rounds")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--projected", action="store_true", help=f"{FEATURES} random features for every kernel")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}[given.precision]
    tokens = [17, 65, 257, 1025] if given.quick else list(TOKENS)
    rounds = 2 if given.quick else 5
    measures: list[Callable[[], None]] = [
        lambda: kernels(tokens, 32, rounds, dtype, FEATURES if given.projected else None),
        lambda: kernels(tokens, 64, rounds, dtype, FEATURES if given.projected else None),
        lambda: windows(tokens, rounds, dtype),
    ]
    for measure in measures:
        measure()


if __name__ == "__main__":
    main()
