"""Figures as the benchmarks of pages say them: one a line, the median with its range."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from playwright.sync_api import Page


def say(what: str, seconds: list[float]) -> None:
    """One figure a line: the median, and the range where there are several."""
    middle = statistics.median(seconds)
    spread = f"  ({min(seconds):.3f} to {max(seconds):.3f}, n = {len(seconds)})" if len(seconds) > 1 else ""
    print(f"{what:<58}{middle:9.3f} s{spread}", flush=True)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def heap(what: str, page: Page) -> None:
    """Megabytes of the page's JavaScript heap after a collection of garbage."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    found = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
    print(f"{what:<58}{float(found['JSHeapUsedSize']) / 2**20:9.1f} MB", flush=True)
