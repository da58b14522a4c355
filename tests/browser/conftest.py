"""A browser for the session, a page that remembers whom it asked, a server with its own results folder."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.driver import PATIENCE, Server, chromium, served
from tests.runs.processes import end_all
from vitcore.runs.folder import Results

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as item:
        yield item


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; at the end it must have asked no other host for anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    item = context.new_page()
    item.on("websocket", lambda socket: asked.append(socket.url))
    yield item
    context.close()
    hosts = {urlsplit(url).hostname for url in asked if urlsplit(url).scheme not in ("data", "blob")}
    assert hosts == {"127.0.0.1"}


@pytest.fixture(autouse=True)
def nothing_left_running(tmp_path: Path) -> Iterator[None]:
    """Workers outlive their server by design; a test that fails half-way must not leave one behind."""
    yield
    end_all(Results(tmp_path / "results"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server just started, with an empty results folder: the first request is the test's own."""
    with served(tmp_path / "results") as item:
        yield item
