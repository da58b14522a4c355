"""Time and memory of every attention kernel against the number of tokens, measured on this machine in the background.

`python -m vitcore.runs.measure` runs detached from whoever asked for it, at a low priority, and appends what it finds
to a journal under results/measurements; one measures at a time. While a run trains it waits, since either would spoil
the other's times.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from filelock import Timeout

from vitcore.errors import Refusal
from vitcore.layers.kernels import KERNELS
from vitcore.runs import devices, journal, locks, processes
from vitcore.runs.folder import Results, reason

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

WINDOW = "window"
"""Beside the kernels: softmax over a sliding window of 8 tokens either way (the hybrid report)."""

SERIES = (*KERNELS, WINDOW)
TOKENS = (17, 33, 65, 129, 257, 513, 1025, 2049, 4097)
HEAD_WIDTHS = (32, 64)
HEADS, WINDOW_TOKENS, FEATURES = 4, 8, 64
STEP_SECONDS, REPEATS = 0.12, 3
TOKENS_A_BATCH = 4096  # few tokens come in larger batches, as they would in training
PAUSE = 0.1  # between two points, so that a run that waits for the device gets it


@dataclass(frozen=True)
class Plan:
    """What is measured: every series at every head width and number of tokens."""

    series: tuple[str, ...] = ("softmax", "favor+", "relu", "x^4", "elu+1", WINDOW)
    head_widths: tuple[int, ...] = HEAD_WIDTHS
    tokens: tuple[int, ...] = TOKENS
    device: str = "auto"

    @classmethod
    def parse(cls, text: str) -> Plan:
        """A plan from JSON; what is left out is as by default. Raises Refusal as `check` does."""
        raw: dict[str, Any] = json.loads(text)
        own = cls()
        plan = cls(
            tuple(raw.get("series", own.series)),
            tuple(raw.get("head_widths", own.head_widths)),
            tuple(raw.get("tokens", own.tokens)),
            raw.get("device", own.device),
        )
        check(plan)
        return plan

    def points(self) -> list[tuple[int, int, str]]:
        """(head width, tokens, series), the shortest sequences first: so that all curves grow together."""
        return [(width, count, one) for count in self.tokens for width in self.head_widths for one in self.series]


def check(plan: Plan) -> None:
    """Refuse a plan that cannot be measured.

    Raises:
        Refusal: what is wrong with it.
    """
    for one in plan.series:
        if one not in SERIES:
            raise Refusal(f"there is no kernel {one!r} to measure; there are {', '.join(SERIES)}")
    if not plan.series or not plan.head_widths or not plan.tokens:
        raise Refusal("nothing was chosen to be measured; choose at least one kernel, head width and number of tokens")
    if not all(1 <= count <= 16_385 for count in plan.tokens):
        raise Refusal(f"{max(plan.tokens):,} tokens cannot be measured; choose 1 to 16,385")
    if not all(1 <= width <= 256 for width in plan.head_widths):
        raise Refusal(f"heads {max(plan.head_widths)} wide cannot be measured; choose 1 to 256")


def folder(results: Results) -> Path:
    return results.root / "measurements"


def measuring(results: Results) -> bool:
    """Whether a measurement is under way."""
    return locks.held(_alive(results))


def start(results: Results, plan: Plan) -> None:
    """Measure in a process of its own, which outlives this one; nothing happens while another measures.

    Raises:
        Refusal: the plan is none, or the results folder cannot be written.
    """
    check(plan)
    try:
        folder(results).mkdir(parents=True, exist_ok=True)
        _request(results).unlink(missing_ok=True)
        with (folder(results) / "measure.log").open("wb") as log:
            arguments = ["--results", str(results.root), "--plan", json.dumps(asdict(plan))]
            processes.forget(processes.start("vitcore.runs.measure", arguments, log, detached=True))
    except OSError as error:
        raise Refusal(f"the measurement cannot be started: {reason(error)}") from None


def await_start(results: Results, seconds: float = 3.0) -> bool:
    """Wait until a measurement just started holds its lock, so that the page shows it at once; False: not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if measuring(results):
            return True
        time.sleep(0.05)
    return False


def stop(results: Results) -> None:
    """Ask the measurement to end after the point that it is at; what was measured stays."""
    try:
        _request(results).touch()
    except OSError as error:
        raise Refusal(f"the measurement cannot be asked to stop: {reason(error)}") from None


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the attention kernels on this machine.")
    parser.add_argument("--results")
    parser.add_argument("--plan", default="{}", help="JSON with series, head_widths, tokens, device")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    plan = Plan.parse(arguments.plan)
    try:
        with locks.lock(_alive(results)).acquire(timeout=0.2):
            _step_back()
            _measure(results, plan)
    except Timeout:
        return  # another measures already


def _measure(results: Results, plan: Plan) -> None:
    import torch

    from vitcore.layers.attention import EXPLICIT_TOKENS
    from vitcore.training.device import described, host, resolve

    device = resolve(plan.device)
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}.jsonl"
    lines = journal.Journal(folder(results) / name)
    points = plan.points()
    lines.append(
        {
            "event": "started",
            "points": len(points),
            "device": described(device),
            "threads": torch.get_num_threads(),
            "host": host(),
            "heads": HEADS,
            "explicit_tokens": EXPLICIT_TOKENS,
            **{key: list(value) for key, value in asdict(plan).items() if key != "device"},
        }
    )
    status = "finished"
    lane = locks.lock(results.locks / f"run-{devices.lane(str(device))}.lock")
    for width, count, series in points:
        if not _acquired(lane, lambda: _request(results).exists()):
            status = "stopped"
            break
        try:
            found = point(series, width, count, device)
        finally:
            lane.release()
        lines.append({"event": "point", "series": series, "head_width": width, "tokens": count, **found})
        time.sleep(PAUSE)
    lines.append({"event": "ended", "status": status})
    lines.close()
    _request(results).unlink(missing_ok=True)


def _acquired(lane: Any, stopped: Callable[[], bool]) -> bool:
    """Wait for the device while a run trains on it; False once a stop is asked for."""
    while not stopped():
        try:
            lane.acquire(timeout=0.5)
        except Timeout:
            continue
        return True
    return False


def point(series: str, head_width: int, tokens: int, device: torch.device) -> dict[str, float | int]:
    """One measurement: milliseconds of one picture's attention, forward and backward, and the bytes it needs.

    The linear maps before and after the attention are left out: they are the same for all kernels. Times are the least
    of a few repetitions, since whatever else the machine does can only add; memory is the most that was allocated at
    once, divided by the batch.
    """
    import torch

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
    from torch import nn

    from vitcore.layers.attention import Attention

    kernel = KERNELS["softmax" if series == WINDOW else series]
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
    from vitcore.training.device import synchronise

    def run(times: int) -> float:
        synchronise(device)
        began = time.perf_counter()
        for _ in range(times):
            work()
        synchronise(device)
        return (time.perf_counter() - began) / times

    first = run(1)
    times = max(1, min(200, int(STEP_SECONDS / max(first, 1e-6))))
    return 1000 * min(first, *(run(times) for _ in range(REPEATS if first < 4 * STEP_SECONDS else 1)))


def _memory(work: Callable[[], object], device: torch.device) -> int:
    """The most bytes allocated at once while `work` runs, beyond what was there before."""
    import torch

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        return int(torch.cuda.max_memory_allocated(device)) - before
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    held = most = 0
    for change in _allocations(seen):
        held += change
        most = max(most, held)
    return most


def _allocations(seen: Any) -> Iterator[int]:
    """Bytes taken (positive) and given back (negative), in the order of time."""
    events = [event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    for event in sorted(events, key=lambda one: one.start_ns()):
        yield event.nbytes()


def _step_back() -> None:
    """A low priority: pages stay quick while we measure."""
    process = psutil.Process()
    if sys.platform == "win32":
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        process.nice(10)


def _alive(results: Results) -> Path:
    return results.locks / "measure.lock"


def _request(results: Results) -> Path:
    return folder(results) / "stop"


def journals(results: Results) -> Sequence[Path]:
    """The measurements' journals, newest last."""
    return sorted(folder(results).glob("*.jsonl"))


if __name__ == "__main__":
    try:
        main()
    except Refusal as refusal:
        sys.exit(str(refusal))
