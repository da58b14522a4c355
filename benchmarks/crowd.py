"""Many people in browsers at once: tabs of one Chromium that click through the app while a run trains."""

from __future__ import annotations

import statistics
import time
from contextlib import suppress

from playwright.sync_api import Error, Page

from tests.browser.driver import chromium, served
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

STOPS = ("Compare", "Live", "Home")
STANDS = (
    "stop => document.querySelector('h1') && "
    "document.querySelector('[aria-current=page]')?.textContent.includes(stop) && "
    "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
)


def crowd(results: Results, sessions: int, rounds: int = 2) -> list[str]:
    """All tabs click at the same moment, stop by stop; prints the responses, returns the exceptions that were shown."""
    waits: list[float] = []
    wrong: list[str] = []
    with served(results.root) as server, chromium() as browser:
        id = queue.enqueue(results, RunSpec.of(architecture="cct-mini/3x3", samples=300, epochs=5000, device="cpu"))
        pages = []
        for _ in range(sessions):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.set_default_timeout(120_000)
            page = context.new_page()
            page.goto(server.url)
            pages.append(page)
        for page in pages:
            page.wait_for_function(STANDS, arg="Home")
        for _ in range(rounds):
            for stop in STOPS:
                waits += _click(pages, stop)
                wrong += _exceptions(pages)
        training = queue.status(results, id)
        with suppress(ValueError):
            queue.stop(results, id)
        deadline = time.monotonic() + 60
        while queue.status(results, id) == "running" and time.monotonic() < deadline:
            time.sleep(0.2)
    print(
        f"{sessions} tabs of one Chromium, {len(waits)} clicks while a run is {training}: {len(wrong)} exceptions; ",
        end="",
    )
    print(
        f"response median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s (Chromium's own time included)"
    )
    return wrong


def _click(pages: list[Page], stop: str) -> list[float]:
    """Seconds until the page stands there in each tab, all asked for in one moment."""
    began = {}
    for page in pages:
        began[page] = time.monotonic()
        page.evaluate(
            """stop => {
                const link = [...document.querySelectorAll('[data-testid=stSidebarNavLink]')]
                    .find(one => one.textContent.includes(stop));
                window.asked = performance.now(); window.stood = null;
                const ask = () => {
                    const app = document.querySelector('[data-testid=stApp]');
                    const here = document.querySelector('[aria-current=page]')?.textContent.includes(stop);
                    if (here && app?.dataset.testScriptState === 'notRunning' && document.querySelector('h1'))
                        window.stood ??= performance.now();
                    else requestAnimationFrame(ask);
                };
                link.click(); setTimeout(ask, 50);
            }""",
            stop,
        )
    found = []
    for page in pages:
        page.wait_for_function("() => window.stood !== null")
        found.append(float(page.evaluate("(window.stood - window.asked) / 1000")))
    return found


def _exceptions(pages: list[Page]) -> list[str]:
    found = []
    for page in pages:
        with suppress(Error):  # a page that has gone meanwhile shows none
            found += page.get_by_test_id("stException").all_inner_texts()
    return found
