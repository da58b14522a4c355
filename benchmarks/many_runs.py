"""Compare in Chromium over 1,000 or 10,000 stored runs of 100 epochs, and on request what its peers need for the same.

    python -m benchmarks.many_runs [1000] [--repeats 5] [--peers PYTHON]

The runs go through the real journal and the real ingestion. "Drawn" is from a click on Compare in the sidebar of a warm
server until every run is counted and the page is at rest; "groups" is the mean over seeds of every group. With --peers,
the Python of an environment that holds mlflow and trackio logs as many runs of six metrics there, and the same browser
opens their pages, one after the other, on the same machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.peers import peers
from benchmarks.scale import write_run
from tests.browser.driver import PATIENCE, chromium, served, settle, visit
from vitcore.runs.folder import Results
from vitcore.store import queries
from vitcore.store.index import Index

EPOCHS = 100


def say(what: str, seconds: list[float]) -> None:
    """One figure a line: the median, and the range where there are several."""
    middle = statistics.median(seconds)
    spread = f"  ({min(seconds):.3f} to {max(seconds):.3f}, n = {len(seconds)})" if len(seconds) > 1 else ""
    print(f"{what:<58}{middle:9.3f} s{spread}", flush=True)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def click(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()


def counted(page: Page, text: str) -> None:
    """Until the line under the table says so many runs, and nothing more is under way."""
    expect(page.get_by_text(text, exact=True)).to_be_visible(timeout=PATIENCE)
    settle(page)


def heap(page: Page) -> float:
    """Megabytes of the page's JavaScript heap after a collection of garbage."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(found["JSHeapUsedSize"]) / 2**20


def compare(browser: Browser, results: Results, runs: int, repeats: int) -> None:
    """Compare drawn, gathered over seeds, filtered and sorted; medians of `repeats`."""
    every = f"{runs:,} of {runs:,} runs"
    drawn, groups, filtered, sorted_ = [], [], [], []
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    with served(results.root) as server:
        say("server's first answer, index hydrated", [timed(lambda: visit(page, f"{server.url}/compare", "Compare"))])
        counted(page, every)
        for _ in range(repeats):
            click(page, "Home")
            expect(page.get_by_role("heading", level=1)).not_to_have_text("Compare", timeout=PATIENCE)
            settle(page)
            drawn.append(timed(lambda: _open(page, every)))
            groups.append(timed(lambda: _gather(page)))
            page.get_by_role("radio", name="Runs", exact=True).click()
            counted(page, every)
            search = page.get_by_label("Search")
            filtered.append(timed(lambda: _search(page, "cvt-7/4", f"{_matching(runs):,} of {runs:,} runs")))
            search.fill("")
            search.press("Enter")
            counted(page, every)
            sorted_.append(timed(lambda: _descending(page, every)))
        say(f"Compare drawn with {runs:,} runs", drawn)
        say("the same gathered over seeds", groups)
        say("a search answered", filtered)
        say("sorted the other way round", sorted_)
        print(f"{'heap of the page':<58}{heap(page):9.1f} MB")
    page.close()


def _matching(runs: int) -> int:
    """How many of scale.write_run's runs are of cvt-7/4, the third of three architectures."""
    return runs // 3


def _open(page: Page, every: str) -> None:
    click(page, "Compare")
    counted(page, every)


def _gather(page: Page) -> None:
    page.get_by_role("radio", name="Groups over seeds", exact=True).click()
    expect(page.get_by_text(" groups")).to_be_visible(timeout=PATIENCE)
    settle(page)


def _search(page: Page, text: str, answer: str) -> None:
    search = page.get_by_label("Search")
    search.fill(text)
    search.press("Enter")
    expect(page.get_by_text(answer, exact=True)).to_be_visible(timeout=PATIENCE)


def _descending(page: Page, every: str) -> None:
    page.get_by_text("Descending", exact=True).click()
    counted(page, every)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", type=int, nargs="?", default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers", type=Path, help="the Python of an environment with mlflow and trackio")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, chromium() as browser:
        results = Results(Path(folder) / "results")
        for number in range(given.runs):
            write_run(results, number, EPOCHS)
        time.sleep(1.1)  # folders touched within the last second are looked at twice
        index = Index(results)
        say(f"{given.runs:,} runs of {EPOCHS} epochs read from their journals", [timed(index.poll)])
        say("summary query", [timed(lambda: queries.runs(index)) for _ in range(10)])
        index.publish()
        index.close()
        compare(browser, results, given.runs, given.repeats)
        if given.peers:
            peers(browser, given.peers, Path(folder), given.runs, EPOCHS)


if __name__ == "__main__":
    main()
