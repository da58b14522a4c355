"""Many people in browsers at once: tabs of one Chromium, each at its own pace, while a run trains."""

from __future__ import annotations

import random
import statistics
import threading
import time
from contextlib import suppress
from typing import Any

from benchmarks.robustness.visitor import Visitor, start_server
from tests.browser.driver import chromium, served
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

STOPS = ["Compare", "Live", "Home"]
THINKING = (5, 15)  # seconds that a person looks at a page before the next click, evenly between the two
STANDS = """() => document.querySelector('h1')
    && document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"""
# A person: thinks, clicks on the sidebar, waits until the page stands there and its script has ended; and again.
PERSON = """([stops, least, most]) => {
    window.waits = []; window.wrong = []; let turn = Math.floor(Math.random() * stops.length);
    const app = () => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState;
    const here = stop => document.querySelector('[aria-current=page]')?.textContent.includes(stop)
        && document.querySelector('h1')?.textContent.length && app() === 'notRunning';
    const think = () => setTimeout(click, 1000 * (least + Math.random() * (most - least)));
    const click = () => {
        const stop = stops[turn++ % stops.length], began = performance.now();
        const links = [...document.querySelectorAll('[data-testid=stSidebarNavLink]')];
        links.find(one => one.textContent.includes(stop)).click();
        const look = () => {
            if (!here(stop)) return setTimeout(look, 20);
            window.waits.push((performance.now() - began) / 1000);
            const shown = [...document.querySelectorAll('[data-testid=stException]')];
            window.wrong.push(...shown.map(one => one.textContent));
            think();
        };
        setTimeout(look, 20);
    };
    think();
}"""


def crowd(results: Results, sessions: int, seconds: float = 90.0) -> list[str]:
    """So many people for so long; prints how long they waited, returns the exceptions that were shown.

    The browsers share the machine with the server: their own work is part of what they wait for.
    """
    with served(results.root) as server, chromium() as browser:
        id = queue.enqueue(results, RunSpec.of(architecture="cct-mini/3x3", samples=300, epochs=5000, device="cpu"))
        pages = []
        for _ in range(sessions):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.set_default_timeout(300_000)  # a busy machine is slow; how slow is what is told
            pages.append(context.new_page())
            pages[-1].goto(server.url)
        for page in pages:
            page.wait_for_function(STANDS)
        for page in pages:
            page.evaluate(PERSON, [STOPS, *THINKING])
        time.sleep(seconds)
        found: list[dict[str, Any]] = [page.evaluate("({waits, wrong})") for page in pages]
        training = queue.status(results, id)
        _stop(results, id)
    waits = [wait for item in found for wait in item["waits"]]
    return _say(
        f"{sessions} tabs of one Chromium, a run {training}", waits, [w for item in found for w in item["wrong"]]
    )


def callers(results: Results, sessions: int, seconds: float = 90.0) -> list[str]:
    """The same people without browsers: what of the wait is the server's; Live's own ticks are not among it."""
    results.root.mkdir(parents=True)
    process, port = start_server(results.root, results.root / "server.log")
    id = queue.enqueue(results, RunSpec.of(architecture="cct-mini/3x3", samples=300, epochs=5000, device="cpu"))
    waits: list[float] = []
    wrong: list[str] = []
    over = threading.Event()

    def call() -> None:
        visitor = Visitor(port)
        visitor.open("live")
        while not over.wait(random.uniform(*THINKING)):
            began = time.monotonic()
            wrong.extend(visitor.open(random.choice(("compare", "live", ""))))
            waits.append(time.monotonic() - began)
        visitor.close()

    threads = [threading.Thread(target=call, daemon=True) for _ in range(sessions)]
    try:
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        over.set()
        for thread in threads:
            thread.join(120)
        training = queue.status(results, id)
    finally:
        process.kill()
        process.wait()
        _stop(results, id)
    return _say(f"{sessions} sessions without a browser, a run {training}", waits, wrong)


def _stop(results: Results, id: str) -> None:
    with suppress(ValueError):
        queue.stop(results, id)
    deadline = time.monotonic() + 60
    while queue.status(results, id) == "running" and time.monotonic() < deadline:
        time.sleep(0.2)


def _say(who: str, waits: list[float], wrong: list[str]) -> list[str]:
    """Prints how long they waited; what was wrong, in words."""
    print(f"{who}: {len(waits)} clicks, {len(wrong)} exceptions")
    if not waits:
        return ["page: nobody got an answer"]
    most = sorted(waits)[int(0.95 * len(waits))]
    print(f"  a click: median {statistics.median(waits):.2f} s, 95 % within {most:.2f} s")
    return [f"page: {text[:200]}" for text in wrong]
