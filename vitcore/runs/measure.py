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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import Timeout

from vitcore.errors import Refusal
from vitcore.layers.kernels import KERNELS
from vitcore.runs import devices, journal, locks, processes
from vitcore.runs.folder import Results, reason

WINDOW = "window"
"""Beside the kernels: softmax over a sliding window of 8 tokens either way (the hybrid report)."""

SERIES = (*KERNELS, WINDOW)
TOKENS = (17, 33, 65, 129, 257, 513, 1025, 2049, 4097)
HEAD_WIDTHS = (32, 64)
HEADS, WINDOW_TOKENS, FEATURES = 4, 8, 64
_LOG_BYTES = 1 << 20
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
    log_file = folder(results) / "measure.log"
    try:
        folder(results).mkdir(parents=True, exist_ok=True)
        # Another may measure: what is asked of it and what it says stay. Our own ignores only what was asked before it.
        full = log_file.exists() and log_file.stat().st_size > _LOG_BYTES and not measuring(results)
        with log_file.open("wb" if full else "ab") as log:
            arguments = ["--results", str(results.root), "--plan", json.dumps(asdict(plan))]
            arguments += ["--asked-before", str(_asked(results))]
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
    parser.add_argument("--asked-before", type=int, default=0, help="A request to stop of that time is another's.")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    plan = Plan.parse(arguments.plan)
    try:
        with locks.lock(_alive(results)).acquire(timeout=0.2):
            processes.step_back()
            _measure(results, plan, arguments.asked_before)
    except Timeout:
        return  # another measures already


def _measure(results: Results, plan: Plan, asked_before: int = 0) -> None:
    import torch

    from vitcore.layers.attention import EXPLICIT_TOKENS
    from vitcore.runs.timing import point
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
        if not _acquired(lane, lambda: _asked(results) > asked_before):
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


def _alive(results: Results) -> Path:
    return results.locks / "measure.lock"


def _request(results: Results) -> Path:
    return folder(results) / "stop"


def _asked(results: Results) -> int:
    """When a stop was last asked for, in nanoseconds of the file's own clock; 0: it is not."""
    try:
        return _request(results).stat().st_mtime_ns
    except OSError:
        return 0


def journals(results: Results) -> Sequence[Path]:
    """The measurements' journals, newest last."""
    return sorted(folder(results).glob("*.jsonl"))


if __name__ == "__main__":
    try:
        main()
    except Refusal as refusal:
        sys.exit(str(refusal))
