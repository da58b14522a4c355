"""Who may ask this server: its own pages under its own names, whatever another site's page sends."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.server.guard import POLICY, SETTING, OnlyFromHere

OWN = ("127.0.0.1:8501", "localhost:8501", "[::1]:8501", "LOCALHOST:8501", "127.0.0.1", "localhost:9000")
FOREIGN = (
    *("evil.example", "evil.example:8501", "127.0.0.1.evil.example:8501", "localhost.evil.example", "192.168.1.5:8501"),
    *("evil.example@127.0.0.1:8501", "127.0.0.1:8501@evil.example", "127.0.0.1:x", "127.0.0.1/evil", "", "[::2]:8501"),
    *("0.0.0.0:8501", "127.0.0.1 evil.example", "null", "*"),
)
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD")


@pytest.fixture
def client() -> TestClient:
    async def text(request: object) -> PlainTextResponse:
        return PlainTextResponse("answered")

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("answered")
        await socket.close()

    routes = [Route("/{any:path}", text, methods=list(METHODS)), WebSocketRoute("/_stcore/stream", talk)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(OnlyFromHere)]))


def asks(client: TestClient, host: str, origin: str | None = None) -> set[bool]:
    """Whether each way of asking is answered, the WebSocket among them."""
    headers = {"host": host, **({} if origin is None else {"origin": origin})}
    found = set()
    for method in METHODS:
        answer = client.request(method, "/watch/marks", headers=headers)
        found.add(answer.status_code == 200)
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["X-Frame-Options"] == "DENY"
    try:
        with client.websocket_connect("/_stcore/stream", headers=headers) as socket:
            found.add(socket.receive_text() == "answered")
    except WebSocketDisconnect:
        found.add(False)
    return found


@pytest.mark.parametrize("host", OWN)
def test_it_answers_to_its_own_names(client: TestClient, host: str) -> None:
    assert asks(client, host) == {True}
    assert asks(client, host, f"http://{host}") == {True}


@pytest.mark.parametrize("host", FOREIGN)
def test_it_answers_to_no_other_name(client: TestClient, host: str) -> None:
    assert asks(client, host) == {False}
    assert asks(client, host, f"http://{host}") == {False}
    assert asks(client, host, "http://127.0.0.1:8501") == {False}


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "http://127.0.0.1:3000", "http://localhost:8501", "file://", "https://["]
)
def test_no_other_page_may_ask(client: TestClient, origin: str) -> None:
    assert asks(client, "127.0.0.1:8501", origin) == {False}


def test_a_name_that_is_set_is_answered_to(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reverse proxy of SECURITY.md hands the Host on, or puts its own in the place; the Origin is the browser's."""
    monkeypatch.setenv(SETTING, "vitcore.example.org, other.example.org:8443")
    for name in ("vitcore.example.org", "other.example.org"):
        for host in (name, f"{name}:8443", "127.0.0.1:8501"):
            assert asks(client, host, f"https://{name}") == {True}
    assert asks(client, "vitcore.example.org", "https://evil.example") == {False}
    assert asks(client, "more.vitcore.example.org") == {False}


def test_two_hosts_are_nobodys(client: TestClient) -> None:
    headers = [("host", "127.0.0.1:8501"), ("host", "evil.example")]
    assert client.get("/", headers=headers).status_code == 403


def test_nobody_may_frame_a_page() -> None:
    assert "frame-ancestors 'none'" in POLICY.split("; ")
