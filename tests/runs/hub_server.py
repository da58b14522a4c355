"""A hub of one's own: the three requests by which huggingface_hub looks a repository up and fetches a file of it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef" * 2 + "01234567"


class Hub:
    """What is kept there, and what was asked of it.

    Attributes:
        files: the content of each file by its name, a repository.
        sizes: bytes that are claimed for a file instead of its own.
        lies: files of which other bytes are sent than are published.
        asked: method, path and headers of each request.
    """

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.sizes: dict[str, int] = {}
        self.lies: set[str] = set()
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.address = ""

    def fetched(self) -> list[str]:
        """The files whose content was asked for, by their paths."""
        return [path for method, path, _ in self.asked if method == "GET" and "/resolve/" in path]

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content for a path."""
        words = path.strip("/").split("/")
        if words[:2] == ["api", "models"]:
            repo, revision = "/".join(words[2:4]), words[-1]
            if repo not in self.files:
                return 401, {"X-Error-Message": "Invalid username or password."}, b""
            if revision != "main":
                return 404, {"X-Error-Code": "RevisionNotFound"}, b""
            listed = {"id": repo, "sha": COMMIT, "siblings": [self._sibling(repo, name) for name in self.files[repo]]}
            return 200, {"Content-Type": "application/json"}, json.dumps(listed).encode()
        repo, name = "/".join(words[:2]), "/".join(words[4:])
        content = self.files[repo][name]
        digest = hashlib.sha256(content).hexdigest()
        sent = content[::-1] if name in self.lies else content
        return 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{digest}"'}, sent

    def _sibling(self, repo: str, name: str) -> dict[str, Any]:
        content = self.files[repo][name]
        size = self.sizes.get(name, len(content))
        lfs = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 134}
        return {"rfilename": name, "size": size, "blobId": "0" * 40, "lfs": lfs}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub at `hub.address`, a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.asked.append((self.command, self.path, dict(self.headers.items())))
            status, headers, content = hub.answer(urlsplit(self.path).path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
