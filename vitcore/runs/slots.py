"""Slots of a device: how many runs train on it at once, each behind a lock of its own on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vitcore.runs import engine_settings, locks
from vitcore.runs.folder import Results


def lock_path(results: Results, device_queue: str, slot: int = 0) -> Path:
    """Held by whoever computes in this slot of a device."""
    return results.locks / (f"run-{device_queue}-slot-{slot}.lock" if slot else f"run-{device_queue}.lock")


def lock_paths(results: Results, device_queue: str) -> list[Path]:
    """Those of every slot of a device, in order."""
    count = engine_settings.current(results).slots_of(device_queue)
    return [lock_path(results, device_queue, slot) for slot in range(count)]


@contextmanager
def whole(results: Results, device_queue: str, timeout: float = -1) -> Iterator[None]:
    """Every slot of a device, for what must have it alone; raises filelock.Timeout as a lock does."""
    with ExitStack() as stack:
        for path in lock_paths(results, device_queue):
            stack.enter_context(locks.lock(path).acquire(timeout=timeout))
        yield


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(slots: int) -> int:
    """CPU threads of one of so many runs at once: the machine's cores, or what OMP_NUM_THREADS says, divided."""
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, (int(chosen) if chosen.isdigit() and int(chosen) else cores()) // slots)
