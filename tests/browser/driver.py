"""Starts the real app on a free port and drives Chromium against it; shared by the tests and by screenshots.py."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.pages.opening import PAGES as FILES

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60_000  # milliseconds: two busy cores may be slow, a wrong page stays wrong
expect.set_options(timeout=PATIENCE)  # of every expectation; five seconds else, which busy cores do not keep
TRAINED = 150_000  # milliseconds in which a small run on digits ends, on however slow a machine
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = sorted(FILES)
"""Every page by its address; Home's address is the bare one."""


def address(name: str) -> str:
    return "" if name == "home" else name


@dataclass
class Server:
    """A running app: where it answers, and its process."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def served(results: Path) -> Iterator[Server]:
    """The app as `streamlit run app.py` starts it, with its own results folder, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    results.mkdir(parents=True, exist_ok=True)
    # Nobody edits the app while it is tested, and a watcher on a busy machine only makes noise.
    flags = ["--server.port", str(port), "--server.headless=true", "--server.fileWatcherType=none"]
    with (results / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *flags],
            cwd=ROOT,
            env={**os.environ, "VITCORE_RESULTS": str(results), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        _wait_for_health(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _wait_for_health(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            assert server.process.poll() is None, "the server ended before it answered"
            time.sleep(0.1)
    raise AssertionError("the server did not answer")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


def settle(page: Page) -> None:
    """Wait until the script has run to its end and stays there, and hold that no exception is on the page."""
    ended = page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
    for _ in range(20):
        ended.wait_for(timeout=PATIENCE)
        page.wait_for_timeout(250)  # between two runs that follow on one another it says the same for a moment
        if ended.count():
            break
    expect(page.get_by_test_id("stException")).to_have_count(0)


def unfold(page: Page, key: str) -> None:
    """Open an expander and wait until it stands open: what it holds moves on its way, and a press on it is lost."""
    box = page.locator(f".st-key-{key} details").last
    box.locator("summary").click()
    expect(box).to_have_attribute("open", "")
    box.evaluate("async box => { await Promise.allSettled(box.getAnimations().map(each => each.finished)) }")


def visit(page: Page, url: str, title: str | None = None) -> None:
    """Open an address and wait until its page stands there, under this title where one is named."""
    page.goto(url)
    heading = page.get_by_role("heading", level=1)
    heading.wait_for(timeout=PATIENCE)
    if title:
        expect(heading).to_have_text(title, timeout=PATIENCE)
    settle(page)


def choose(page: Page, name: str) -> None:
    """Press one of a row of ways (st.segmented_control)."""
    page.get_by_role("radio", name=name, exact=True).last.click()


def points(page: Page, key: str) -> int:
    """How many points a chart has drawn."""
    return int(page.locator(f".vitcore-chart[data-key={key}]").last.get_attribute("data-points") or 0)


def wait_for_points(page: Page, key: str, more_than: int) -> None:
    page.wait_for_function(
        """([key, least]) => [...document.querySelectorAll(`.vitcore-chart[data-key=${key}]`)]
            .some(chart => Number(chart.dataset.points ?? 0) > least)""",
        arg=[key, more_than],
        timeout=TRAINED,
    )
