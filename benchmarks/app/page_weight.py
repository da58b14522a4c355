"""What a sweep of twelve weighs in the browser: bytes over the wire, requests, elements and heap of a page.

    python -m benchmarks.app.page_weight [--runs 12] [--epochs 30]

Each page is opened by a browser that has nothing of it yet, and then again by the same one, as when a person comes
back: what has a name of its own (scripts, fonts) is then in its cache. Bytes are as sent, headers included; what the
server says over the socket is counted apart. Nothing here depends on the machine's speed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.driver import PATIENCE, chromium, served, settle, visit
from tests.pages.texts import tell
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

STOPS = {"home": "Home", "live": "Live", "compare": "Compare", "train": "Train"}


@dataclass
class Weight:
    """What a page brought so far."""

    requests: int = 0
    http: float = 0.0  # bytes as sent
    socket: float = 0.0  # bytes that the server sent over the socket


@contextmanager
def weighed(page: Page) -> Iterator[Weight]:
    """Counts what arrives while the block runs."""
    weight, watcher = Weight(), page.context.new_cdp_session(page)

    def loaded(event: dict[str, Any]) -> None:
        weight.requests += 1
        weight.http += event["encodedDataLength"]

    def received(event: dict[str, Any]) -> None:
        frame = event["response"]
        size = len(frame["payloadData"])
        weight.socket += size if frame["opcode"] == 1 else size * 3 / 4  # what is no text comes as base 64

    watcher.on("Network.loadingFinished", loaded)
    watcher.on("Network.webSocketFrameReceived", received)
    watcher.send("Network.enable")
    yield weight
    watcher.detach()


def line(page: Page, weight: Weight, what: str) -> str:
    """One line of the table."""
    elements = page.evaluate("document.querySelectorAll('*').length")
    heap = page.evaluate("performance.memory.usedJSHeapSize")
    sent = f"{weight.http / 2**20:8.2f} MB in {weight.requests:3d} requests, {weight.socket / 2**10:7.0f} kB by socket"
    return f"{what:<24} {sent}, {elements:6,d} elements, heap {heap / 2**20:4.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        results = Results(Path(folder))
        specs = [RunSpec.of(epochs=arguments.epochs, seed=seed) for seed in range(arguments.runs)]
        ids = ",".join(tell(results, spec, epochs=arguments.epochs).id for spec in specs)
        with served(results.root) as server, chromium() as browser:
            for name, heading in STOPS.items():
                context = browser.new_context(viewport={"width": 1440, "height": 900})
                page = context.new_page()
                page.set_default_timeout(PATIENCE)
                where = f"{server.url}/{'' if name == 'home' else name}" + (f"?runs={ids}" if name == "live" else "")
                for time in ("first", "again"):
                    with weighed(page) as weight:
                        visit(page, where)
                        page.wait_for_timeout(2_000)  # the charts' library comes by itself
                        settle(page)
                        print(line(page, weight, f"{heading}, {time}"), flush=True)
                context.close()


if __name__ == "__main__":
    main()
