"""One attention timed: milliseconds forward and backward, and the memory that it needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from vitcore.lab.plan import FEATURES, HEADS, WINDOW, WINDOW_TOKENS
from vitcore.layers.attention import Attention
from vitcore.layers.kernels import kernel_of
from vitcore.training.device import synchronize

STEP_SECONDS, REPEATS = 0.12, 3
TOKENS_A_BATCH = 4096  # few tokens come in larger batches, as they would in training


def point(series: str, head_width: int, tokens: int, device: torch.device) -> dict[str, float | int]:
    """One measurement: milliseconds of one image's attention, forward and backward, and the bytes it needs.

    The linear maps before and after the attention are left out: they are the same for all kernels. Times are the least
    of a few repetitions, since whatever else the machine does can only add; memory is the most that was allocated at
    once, divided by the batch.
    """
    batch = max(1, TOKENS_A_BATCH // tokens)
    torch.manual_seed(0)
    attention = _attention(series, head_width, tokens).to(device)
    x = (torch.randn(batch, tokens, 3 * HEADS * head_width, device=device) / 4).requires_grad_()

    def forward() -> Tensor:
        out: Tensor = attention(x)
        return out

    out = forward()
    grown = torch.ones_like(out)

    def backward() -> None:
        x.grad = None
        torch.autograd.backward(out, grown, retain_graph=True)

    def both() -> None:
        x.grad = None
        forward().backward(grown)

    backward()
    found: dict[str, float | int] = {
        "forward_ms": _milliseconds(forward, device) / batch,
        "backward_ms": _milliseconds(backward, device) / batch,
    }
    x.grad = None
    return {**found, "memory_bytes": _memory(both, device) // batch, "batch": batch}


def _attention(series: str, head_width: int, tokens: int) -> nn.Module:
    """The library's own attention, with the linear maps around it taken out."""
    kernel = kernel_of("softmax" if series == WINDOW else series)
    module = Attention(
        HEADS * head_width,
        HEADS,
        tokens=tokens,
        kernel=kernel,
        features=FEATURES if kernel.projected else None,
        window=WINDOW_TOKENS if series == WINDOW else None,
    )
    module.qkv = module.projection = nn.Identity()  # type: ignore[assignment]
    return module


def _milliseconds(work: Callable[[], object], device: torch.device) -> float:
    """The least of several repetitions, each long enough for the clock."""

    def run(times: int) -> float:
        synchronize(device)
        began = time.perf_counter()
        for _ in range(times):
            work()
        synchronize(device)
        return (time.perf_counter() - began) / times

    first = run(1)
    times = max(1, min(200, int(STEP_SECONDS / max(first, 1e-6))))
    return 1000 * min(first, *(run(times) for _ in range(REPEATS if first < 4 * STEP_SECONDS else 1)))


def _memory(work: Callable[[], object], device: torch.device) -> int:
    """The most bytes allocated at once while `work` runs, beyond what was there before."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        return int(torch.cuda.max_memory_allocated(device)) - before
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as known:
        work()
    allocated = most = 0
    for change in _allocations(known):
        allocated += change
        most = max(most, allocated)
    return most


def _allocations(known: Any) -> Iterator[int]:
    """Bytes taken (positive) and given back (negative), in the order of time."""
    events = [event for event in known.profiler.kineto_results.events() if event.name() == "[memory]"]
    for event in sorted(events, key=lambda item: item.start_ns()):
        yield event.nbytes()
