"""Home and Live in Chromium with ten queued runs and with a thousand: seconds from a click until the page is at rest.

    python -m benchmarks.app.queued_pages [10 1000] [--repeats 7]

Two results folders and two servers, looked at in turn by the same browser, so that whatever else the machine does
bears on both; what counts is the ratio of the medians. One run trains by its journal; nobody takes the queue up.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.app.many_runs import click
from benchmarks.app.seconds import say, timed
from tests.browser.driver import PATIENCE, chromium, served, settle, visit
from tests.pages.texts import tell
from vitcore.runs import locks, queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

PAGES = ("Live", "Home")
STANDS = {
    "Live": "[...document.querySelectorAll('h3')].some(one => one.innerText === 'Waiting')",
    "Home": "[...document.querySelectorAll('h3')].some(one => one.innerText === 'Now')",
}
REST = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"


def filled(results: Results, count: int, stack: ExitStack) -> None:
    """So many runs wait behind one that trains; a dispatcher seems to live until the stack is left."""
    stack.enter_context(locks.lock(queue.dispatcher_lock(results, "cpu")).acquire())
    began = time.perf_counter()
    for seed in range(count):
        queue.enqueue(results, RunSpec.of(seed=seed, epochs=3))
    took = time.perf_counter() - began
    print(f"{count:,} runs queued one by one: {took:.1f} s, {1000 * took / count:.1f} ms each", flush=True)
    folder = tell(results, RunSpec.of(epochs=100), status=None, epochs=5)
    stack.enter_context(locks.lock(folder.alive).acquire())


def opened(page: Page, name: str) -> float:
    """Seconds from a click on the sidebar until the page stands and its script has ended."""

    def whole() -> None:
        click(page, name)
        page.wait_for_function(f"{STANDS[name]} && {REST}", timeout=PATIENCE)

    took = timed(whole)
    settle(page)
    return took


def pages(browser: Browser, urls: list[str]) -> list[Page]:
    """A warm page of each server."""
    found = []
    for url in urls:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        visit(page, url)
        expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible(timeout=PATIENCE)
        for name in PAGES:  # what is imported once
            opened(page, name)
        found.append(page)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="*", default=[10, 1000])
    parser.add_argument("--repeats", type=int, default=7)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, ExitStack() as stack:
        folders = [Results(Path(place) / str(count)) for count in chosen.counts]
        for results, count in zip(folders, chosen.counts, strict=True):
            filled(results, count, stack)
        browser = stack.enter_context(chromium())
        open_pages = pages(browser, [stack.enter_context(served(results.root)).url for results in folders])
        for name in PAGES:
            times: list[list[float]] = [[] for _ in folders]
            for _ in range(chosen.repeats):
                for page, found in zip(open_pages, times, strict=True):
                    found.append(opened(page, name))
                    opened(page, PAGES[1 - PAGES.index(name)])
            for count, found in zip(chosen.counts, times, strict=True):
                say(f"{name} with {count:,} queued runs", found)
            print(f"{name}: {statistics.median(times[-1]) / statistics.median(times[0]):.2f} times", flush=True)


if __name__ == "__main__":
    main()
