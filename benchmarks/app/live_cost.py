"""Live: seconds from a journaled epoch to its number on the page, and the server's CPU time for five sessions.

    python -m benchmarks.app.live_cost [--epochs 20] [--sessions 5] [--seconds 60]

The first epoch is journaled as soon as the script has run, while the browser still draws; the others once the four
curves stand.
The run is told through its journals by this process, which holds its lock as a worker would: an epoch every three
seconds and a line of progress every second, so that nothing but the page is measured.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, expect

from benchmarks.app.scale import epoch_line
from benchmarks.app.seconds import say
from tests.browser.driver import PATIENCE, chromium, served, settle, visit
from tests.pages.texts import tell
from vitcore.runs import locks
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec

EPOCHS = 1000
EVERY = 3.0  # seconds between two epochs
STANDS = (
    """text => [...document.querySelectorAll('[data-testid="stMetricValue"]')].some(one => one.innerText === text)"""
)

DRAWN = "document.querySelectorAll('.vitcore-chart[data-points]').length >= 4"


class Teller:
    """A run that goes on: progress every second, an epoch every EVERY seconds."""

    def __init__(self, folder: RunFolder, done: int) -> None:
        self.events, self.steps = Journal(folder.events), Journal(folder.steps)
        self.done = done

    def epoch(self) -> float:
        """Journal one epoch more; when."""
        self.done += 1
        self.steps.append({"step": 5 * self.done, "epoch": self.done, "loss": 1 / self.done, "learning_rate": 0.01})
        self.events.append(epoch_line(self.done, 1 / self.done))
        return time.perf_counter()

    def progress(self) -> None:
        line = {"event": "progress", "epoch": self.done + 1, "step": 5 * self.done + 1, "steps": 5 * EPOCHS}
        self.events.append({**line, "images_per_second": 200.0, "eta_seconds": 60.0, "loss": 0.5})


def latencies(page: Page, teller: Teller, epochs: int) -> list[float]:
    """Seconds from the journal to the page, epoch by epoch."""
    found = []
    for number in range(epochs):
        began = teller.epoch()
        page.wait_for_function(STANDS, arg=f"{teller.done} of {EPOCHS}", timeout=PATIENCE)  # at every frame
        found.append(time.perf_counter() - began)
        teller.progress()
        time.sleep(EVERY + 0.37 * (number % 5))  # at another moment of the page's own clock each time
    return found


def cost(server: psutil.Process, teller: Teller, seconds: float) -> float:
    """The server's CPU time as a share of one core, while sessions look on."""
    used = _used(server)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        teller.progress()
        time.sleep(1)
        if teller.events and int(time.perf_counter() - began) % int(EVERY) == 0:
            teller.epoch()
    return (_used(server) - used) / (time.perf_counter() - began)


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def sessions(browser: Browser, url: str, count: int) -> list[Page]:
    """So many browsers on Live, each with a session of its own."""
    pages = []
    for _ in range(count):
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        visit_live(page, url)
        pages.append(page)
    return pages


def visit_live(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_text(f" of {EPOCHS}").first).to_be_visible(timeout=PATIENCE)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--sessions", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, chromium() as browser:
        results = Results(Path(place))
        folder = tell(results, RunSpec.of(epochs=EPOCHS), status=None, epochs=20)
        with locks.lock(folder.alive).acquire(), served(results.root) as server:
            teller = Teller(folder, 20)
            warm = browser.new_page()
            visit(warm, server.url)
            warm.close()
            url = f"{server.url}/live?runs={folder.id}"
            process = psutil.Process(server.process.pid)
            pages = sessions(browser, url, 1)
            settle(pages[0])
            (opening,) = latencies(pages[0], teller, 1)
            print(f"an epoch journaled while the page is still being drawn: {opening:.2f} s", flush=True)
            pages[0].wait_for_function(DRAWN, timeout=PATIENCE)
            say("an epoch on the page that stands", latencies(pages[0], teller, given.epochs))
            print(f"server's share of a core, 1 session:  {cost(process, teller, given.seconds):6.1%}", flush=True)
            pages += sessions(browser, url, given.sessions - 1)
            print(
                f"server's share of a core, {len(pages)} sessions: {cost(process, teller, given.seconds):6.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
