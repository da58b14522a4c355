"""Compare in Chromium over 1,000 or 10,000 stored runs of 100 epochs, and on request what its peers need for the same.

    python -m benchmarks.app.many_runs [1000] [--repeats 5] [--peers PYTHON]

The runs go through the real journal and the real ingestion. "Drawn" is from a click on Compare in the sidebar of a warm
server until every run is counted and the page is at rest; "groups" is the mean over seeds of every group. With --peers,
the Python of an environment that holds mlflow and trackio logs as many runs of six metrics there, and the same browser
opens their pages, one after the other, on the same machine; first with nothing of them known, then again from a blank
page, so that their scripts come from the browser's cache as ours do.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.app.peers import peers
from benchmarks.app.scale import write_run
from benchmarks.app.seconds import heap, say, timed
from tests.browser.driver import PATIENCE, chromium, served, settle, visit
from vitcore.runs.folder import Results
from vitcore.store import queries
from vitcore.store.index import Index

EPOCHS = 100
COUNT = """() => {
    const app = document.querySelector('[data-testid="stApp"]')
    window.ended = 0
    new MutationObserver(() => { window.ended += app.dataset.testScriptState === 'notRunning' }).observe(
        app, { attributes: true, attributeFilter: ['data-test-script-state'] })
}"""
STANDS = """text => {
    const lines = [...document.querySelectorAll('[data-testid="stCaptionContainer"]')].map(one => one.innerText)
    const charts = [...document.querySelectorAll('.vitcore-chart')]
    const drawn = charts.length > 0 && charts.every(chart => 'points' in chart.dataset)
    const said = lines.some(one => text.startsWith(' ') ? one.endsWith(text) : one === text)
    const app = document.querySelector('[data-testid="stApp"]')
    return window.ended > 0 && app?.dataset.testScriptState === 'notRunning' && said && drawn
}"""


def answered(page: Page, act: Callable[[], object], text: str) -> float:
    """Seconds from an act until the script has run and the line under the table ends so, looked at in every frame."""
    page.evaluate("window.ended = 0")

    def whole() -> None:
        act()
        page.wait_for_function(STANDS, arg=text, timeout=PATIENCE)

    return timed(whole)


def click(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()


def compare(browser: Browser, results: Results, runs: int, repeats: int) -> None:
    """Compare drawn, gathered over seeds, filtered and sorted; medians of `repeats`."""
    every = f"{runs:,} of {runs:,} runs"
    drawn, groups, filtered, sorted_ = [], [], [], []
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    with served(results.root) as server:
        say("server's first answer, index hydrated", [timed(lambda: visit(page, f"{server.url}/compare", "Compare"))])
        settle(page)
        page.evaluate(COUNT)
        search = page.get_by_role("textbox", name="Search")
        for _ in range(repeats):
            click(page, "Home")
            expect(page.get_by_role("heading", level=1)).not_to_have_text("Compare", timeout=PATIENCE)
            settle(page)
            drawn.append(answered(page, lambda: click(page, "Compare"), every))
            groups.append(answered(page, lambda: choose(page, "Groups over seeds"), " groups"))
            answered(page, lambda: choose(page, "Runs"), every)
            search.fill("cvt-7/4")
            filtered.append(answered(page, lambda: search.press("Enter"), f"{runs // 3:,} of {runs:,} runs"))
            search.fill("")
            answered(page, lambda: search.press("Enter"), every)
            for name in ("Test error", "Newest first"):
                page.locator(".st-key-sorting").get_by_role("combobox").click()
                option = page.get_by_role("option", name=name, exact=True)
                sorted_.append(answered(page, option.click, every))
        say(f"Compare drawn with {runs:,} runs", drawn)
        say("the same gathered over seeds", groups)
        say("a search answered", filtered)
        say("sorted by another column", sorted_)
        heap("heap of the page", page)
    page.close()


def opened(browser: Browser, results: Results, runs: int, repeats: int) -> None:
    """Compare by its address from a blank page, as the peers' pages are opened; the first has nothing in its cache."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script("window.ended = 1")  # nothing stood before: the first whole page is this one

    def whole() -> None:
        page.goto(f"{server.url}/compare", wait_until="commit")
        page.wait_for_function(STANDS, arg=f"{runs:,} of {runs:,} runs", timeout=PATIENCE)

    with served(results.root) as server:
        times = []
        for _ in range(repeats + 1):
            page.goto("about:blank")
            times.append(timed(whole))
    say("Compare by its address, a server's first page", times[:1])
    say("the same once more", times[1:])
    page.close()


def choose(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()


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
        opened(browser, results, given.runs, given.repeats)
        if given.peers:
            peers(browser, given.peers, Path(folder), given.runs, EPOCHS, given.repeats)


if __name__ == "__main__":
    main()
