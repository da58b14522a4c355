"""Time and memory of every attention kernel against the number of tokens, measured on this machine in the background.

`python -m vitcore.lab.measure` runs detached from whoever asked for it, at a low priority, and appends what it finds
to a journal under results/measurements; one measures at a time. While a run trains it waits, since either would spoil
the other's times.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from filelock import Timeout

from vitcore import processes
from vitcore.errors import UserError
from vitcore.lab.plan import HEADS, Plan, check
from vitcore.runs import devices, journal, locks, slots
from vitcore.runs.files import write_own
from vitcore.runs.folder import Results, reason

_LOG_BYTES = 1 << 20
PAUSE = 0.1  # between two points, so that a run that waits for the device gets it


def folder(results: Results) -> Path:
    """Where a results folder's measurements lie."""
    return results.root / "measurements"


def measuring(results: Results) -> bool:
    """Whether a measurement is under way."""
    return locks.is_locked(_alive(results))


def start(results: Results, plan: Plan) -> None:
    """Measure in a process of its own, which outlives this one; nothing happens while another measures.

    Raises:
        UserError: the plan is none, or the results folder cannot be written.
    """
    check(plan)
    try:
        folder(results).mkdir(parents=True, exist_ok=True)
        # Another may measure: what is asked of it and what it says stay. Our own ignores only what was asked before it.
        log_file = folder(results) / "measure.log"
        full = log_file.exists() and log_file.stat().st_size > _LOG_BYTES and not measuring(results)
        with os.fdopen(write_own(log_file, os.O_WRONLY | (os.O_TRUNC if full else os.O_APPEND)), "wb") as log:
            arguments = ["--results", str(results.root), "--plan", json.dumps(asdict(plan))]
            arguments += ["--asked-before", str(_asked(results))]
            processes.forget(processes.start("vitcore.lab.measure", arguments, log, detached=True))
    except OSError as error:
        raise UserError(f"the measurement cannot be started: {reason(error)}") from None


def await_start(results: Results, seconds: float = 3.0) -> bool:
    """Wait until a measurement just started holds its lock, so that the page shows it at once; False: not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if measuring(results):
            return True
        time.sleep(0.05)
    return False


def stop(results: Results) -> None:
    """Ask the measurement to end after the point that it is at; what was measured stays.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        _request(results).touch()
    except OSError as error:
        raise UserError(f"the measurement cannot be asked to stop: {reason(error)}") from None


def main() -> None:
    """Measure what the command line asks for, unless another process of this results folder measures already."""
    parser = argparse.ArgumentParser(description="Measure the attention kernels on this machine.")
    parser.add_argument("--results")
    parser.add_argument("--plan", default="{}", help="JSON with series, head_widths, tokens, device")
    parser.add_argument("--asked-before", type=int, default=0, help="A request to stop of that time is another's.")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    plan = Plan.parse(arguments.plan)
    try:
        with locks.lock(_alive(results)).acquire(timeout=0.2):
            processes.lower_priority()
            _measure(results, plan, arguments.asked_before)
    except Timeout:
        return  # another measures already


def _measure(results: Results, plan: Plan, asked_before: int = 0) -> None:
    import torch

    from vitcore.lab.timing import point
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
            "host": asdict(host()),
            "heads": HEADS,
            "explicit_tokens": EXPLICIT_TOKENS,
            **{key: list(value) for key, value in asdict(plan).items() if key != "device"},
        }
    )
    status = "finished"
    device_queue = devices.device_queue(str(device))
    for width, count, series in points:
        with ExitStack() as alone:
            if not _acquired(results, device_queue, alone, lambda: _asked(results) > asked_before):
                status = "stopped"
                break
            found = point(series, width, count, device)
        lines.append({"event": "point", "series": series, "head_width": width, "tokens": count, **found})
        time.sleep(PAUSE)
    lines.append({"event": "ended", "status": status})
    lines.close()
    _request(results).unlink(missing_ok=True)


def _acquired(results: Results, device_queue: str, alone: ExitStack, stopped: Callable[[], bool]) -> bool:
    """Wait for the whole device while runs train on it; False once a stop is asked for."""
    while not stopped():
        try:
            alone.enter_context(slots.whole(results, device_queue, timeout=0.5))
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
    except UserError as user_error:
        sys.exit(str(user_error))
