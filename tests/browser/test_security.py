"""Whatever stands in a run's files, the browser loads nothing from elsewhere and runs nothing of it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import FLAGS, served, settle, visit
from tests.pages.texts import give_weights, tell
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec


@contextmanager
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another server: its address, and what it was asked for."""
    heard: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *messages: object) -> None:
            """It is silent."""

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


def forge(run: RunFolder, evil: str) -> None:
    """A run as nobody could make it on the form: by hand, or by somebody who sends a results folder."""
    path = run.path / "spec.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["spec"]["name"] = evil
    path.write_text(json.dumps(card), encoding="utf-8")
    run.annotations.write_text(json.dumps({"v": 1, "tags": [evil, "kept"], "note": evil}), encoding="utf-8")
    run.log.write_text(evil, encoding="utf-8")
    events = Journal(run.events)
    events.append({"event": "note", "text": evil})
    events.append({"event": "ended", "status": "failed", "reason": evil})
    events.close()


def test_no_text_of_a_run_loads_or_runs_anything(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    runs = [tell(results, RunSpec.of(name=name, epochs=3), error=5.0) for name in ("first", "second")]
    give_weights(runs[1])
    with elsewhere() as (url, heard), served(results.root) as server:
        evil = (
            f'![x]({url}/markdown.png) <img src="{url}/html.png"> <script src="{url}/script.js"></script> '
            f'<style>@import "{url}/style.css";</style> [go](javascript:document.title="ran") '
            f"<img src=x onerror=\"document.title='ran'\">"
        )
        for run in runs:
            forge(run, evil)
        for name, title in (("live", "Live"), ("compare", "Compare"), ("draw", "Draw"), ("", None)):
            visit(page, f"{server.url}/{name}", title)
            settle(page)
            page.wait_for_timeout(500)  # an image is asked for after the text stands there
            expect(page.locator('a[href^="javascript:"]')).to_have_count(0)
            assert "ran" not in page.title()
        # What is asked for by the page's own script does not leave this server either.
        page.evaluate("url => fetch(url).catch(() => {})", f"{url}/fetched")
        assert heard == []


def test_it_listens_on_this_machine_alone(tmp_path: Path) -> None:
    with served(tmp_path / "results") as server:
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(server.process.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
    assert listening == ["127.0.0.1"]


def test_another_site_can_neither_ask_nor_frame_the_app(browser: Browser, tmp_path: Path) -> None:
    """A name of another site that is made to lead to this machine (DNS rebinding), and a frame on another's page."""
    results = Results(tmp_path / "results")
    tell(results, RunSpec.of(name="private", epochs=1))
    rebound = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    with served(results.root) as server:
        port = server.url.rsplit(":", 1)[1]
        misled = browser.browser_type.launch(executable_path="/usr/bin/chromium", args=[*FLAGS, rebound])
        page = misled.new_page()
        answer = page.goto(f"http://evil.example:{port}/live")
        assert answer is not None
        assert answer.status == 403
        assert "does not answer to" in page.inner_text("body")
        assert "private" not in page.content()
        opened = page.evaluate(
            """port => new Promise(done => {
                const socket = new WebSocket(`ws://127.0.0.1:${port}/_stcore/stream`, ['streamlit'])
                socket.onopen = () => done(true)
                socket.onerror = () => done(false)
            })""",
            port,
        )
        assert opened is False
        page.set_content(f'<iframe src="{server.url}/" width="600" height="400"></iframe>')
        page.wait_for_timeout(2000)
        framed = page.frames[1]
        assert "vitcore" not in framed.content()
        for name in ("127.0.0.1", "localhost"):
            visit(page, f"http://{name}:{port}/live", "Live")
            settle(page)
        misled.close()
