"""A visitor without a browser: a session of the app over its own websocket, where Chromium would be too much."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[2]


def start_server(
    results: Path,
    log: Path,
    environment: Mapping[str, str] = os.environ,
    started: Callable[[subprocess.Popen[bytes]], None] = lambda process: None,
) -> tuple[subprocess.Popen[bytes], int]:
    """`streamlit run app.py` on this results folder and a free port, once it answers; and the port.

    Args:
        started: told of the process before it answers, for whoever wants to end it then.

    Raises:
        RuntimeError: it ended, or did not answer within a minute and a half.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = ["--server.port", str(port), "--server.headless=true", "--server.fileWatcherType=none"]
    with log.open("ab") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *flags],
            cwd=ROOT,
            env={**environment, "VITCORE_RESULTS": str(results)},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    started(process)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                return process, port
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"the server on port {port} did not answer; {log} says why")


class Visitor:
    """One session: opens pages as a browser does, and reads what comes until the script has run to its end."""

    def __init__(self, port: int) -> None:
        self._socket: ClientConnection = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
            open_timeout=60,
            ping_interval=None,  # a server on a busy machine may well be slow to answer
        )

    def open(self, page: str, query: str = "", timeout: float = 120.0) -> list[str]:
        """Opens a page by its address ("" is Home); the exceptions and errors that stand on it, in words.

        Raises:
            TimeoutError: the script has not ended in time.
            websockets.ConnectionClosed: the server is gone.
        """
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        wish = BackMsg()
        wish.rerun_script.page_name = page
        wish.rerun_script.query_string = query
        self._socket.send(wish.SerializeToString())
        messages, deadline = [], time.monotonic() + timeout
        while True:
            message = ForwardMsg()
            content = self._socket.recv(timeout=max(0.0, deadline - time.monotonic()))
            message.ParseFromString(content if isinstance(content, bytes) else content.encode())
            element = message.delta.new_element
            if element.WhichOneof("type") == "exception":
                messages.append(f"{element.exception.type}: {element.exception.message}")
            if element.WhichOneof("type") == "alert" and element.alert.format == element.alert.ERROR:
                messages.append(element.alert.body)
            if message.WhichOneof("type") == "script_finished":
                return messages

    def close(self) -> None:
        self._socket.close()
