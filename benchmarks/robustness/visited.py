"""A server that is looked at all the time, and started again where it was killed."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
from websockets.exceptions import WebSocketException

from benchmarks.robustness.visitor import Visitor, start_server
from vitcore.runs.folder import Results

PAGES = ("live", "compare", "")
PAUSE = 0.7  # seconds between two pages: the server shall be busy, not take the CPU from those that train


class Visited:
    """An app server of a results folder with one visitor that goes from page to page."""

    def __init__(self, results: Results, log: Path, environment: dict[str, str]) -> None:
        self.results, self.starts = results, 0
        self._log, self._environment = log, environment
        self._server: subprocess.Popen[bytes] | None = None
        self._tour: threading.Thread | None = None
        self._wrong: list[str] = []
        self._ended = False

    def keep_up(self) -> None:
        """Starts the server where none lives, in the background; what stood wrongly on a page so far is told now.

        Raises:
            AssertionError: a page showed an exception or an error.
        """
        assert not self._wrong, f"a page said: {self._wrong[0]}"
        if (self._tour is None or not self._tour.is_alive()) and not self._ended:
            self._tour = threading.Thread(target=self._run, daemon=True)
            self._tour.start()

    def processes(self) -> list[psutil.Process]:
        """The server, where it lives."""
        if self._server is None or self._server.poll() is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            return [psutil.Process(self._server.pid)]
        return []

    def end(self) -> None:
        self._ended = True
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        if self._tour is not None:
            self._tour.join(120)

    def _run(self) -> None:
        """A server's life and the tour of its pages, until it is killed."""
        try:
            self._server, port = start_server(self.results.root, self._log, self._environment, self._started)
            self.starts += 1
            visitor = Visitor(port)
            while True:
                for page in PAGES:
                    self._wrong += [f"{page}: {text}" for text in visitor.open(page)]
                    time.sleep(PAUSE)
        except (OSError, RuntimeError, WebSocketException) as error:  # it was killed, while it started or later
            with suppress(subprocess.TimeoutExpired):  # its sockets close a moment before it has ended
                if self._server is not None:
                    self._server.wait(10)
            if self._server is not None and self._server.poll() is None and not self._ended:
                self._wrong.append(f"the server lives and does not answer: {error!r}")

    def _started(self, process: subprocess.Popen[bytes]) -> None:
        self._server = process
