"""Seconds from starting the server to Home standing in Chromium, and a page click's latency at rest and in training.

    python -m benchmarks.app.first_paint [--repeats 5] [--train]

Start: `streamlit run app.py` on an empty results folder, with the browser already open, as when a person presses enter
and then looks. With --train, clicks through the sidebar are timed on a warm server, first at rest and then while a run
trains on all cores; what counts is the ratio of the two medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.driver import chromium, served, settle, visit
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

STOPS = ("Compare", "Draw", "Live", "Home")


def start(browser: Browser) -> float:
    """Seconds from nothing to Home's heading."""
    page = browser.new_page()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with served(Path(folder)) as server:
            page.goto(server.url)
            page.get_by_role("heading", level=1).wait_for()
            took = time.perf_counter() - began
            page.close()
    return took


def clicks(page: Page, rounds: int) -> list[float]:
    """Seconds of each click on the sidebar until the page it names stands there."""
    found = []
    for _ in range(rounds):
        for stop in STOPS:
            began = time.perf_counter()
            page.get_by_test_id("stSidebarNav").get_by_role("link", name=stop, exact=True).click()
            page.wait_for_function(
                "stop => document.querySelector('h1') && "
                "document.querySelector('[aria-current=page]')?.textContent.includes(stop)",
                arg=stop,
            )
            settle(page)
            found.append(time.perf_counter() - began)
    return found


def while_training(browser: Browser, rounds: int) -> tuple[float, float]:
    """Median seconds of a click at rest, and while a CCT-2/3x2 trains."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as server:
        visit(page, server.url)
        clicks(page, 2)  # warm: torch is imported in a thread, modules are read
        rest = clicks(page, rounds)
        os.environ.pop("OMP_NUM_THREADS", None)
        results = Results(folder)
        run = queue.enqueue(results, RunSpec.of(architecture="cct-2/3x2", epochs=2_000))
        queue.ensure_dispatcher(results)
        while '"progress"' not in _events(results, run):
            time.sleep(0.2)
        busy = clicks(page, rounds)
        queue.stop(results, run)
        while queue.status(results, run) == "running":
            time.sleep(0.2)
        page.close()
    return statistics.median(rest), statistics.median(busy)


def _events(results: Results, run: str) -> str:
    path = results.run(run).events
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--train", action="store_true")
    given = parser.parse_args()
    with chromium() as browser:
        starts = [start(browser) for _ in range(given.repeats)]
        print("start to first paint: " + " ".join(f"{start:.1f}" for start in starts), "s")
        print(f"median {statistics.median(starts):.1f} s")
        if given.train:
            rest, busy = while_training(browser, given.repeats)
            print(f"a click: {1000 * rest:.0f} ms at rest, {1000 * busy:.0f} ms in training, ratio {busy / rest:.2f}")


if __name__ == "__main__":
    main()
