"""Every page comes up, with nothing stored and with runs, and says so in words."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pages.contents import ADDRESSES, CONTENTS
from pages.server.shell import deep_links
from tests.pages.opening import PAGES, Open
from vitcore.runs.folder import Results


@pytest.mark.parametrize("name", PAGES)
def test_page_with_nothing_stored(name: str, empty: Results, open_page: Open) -> None:
    app = open_page(name)
    assert len(app.title) == 1
    assert not app.error


@pytest.mark.parametrize("name", PAGES)
def test_page_with_runs(name: str, stocked: Results, open_page: Open) -> None:
    app = open_page(name)
    assert len(app.title) == 1
    assert not app.error


@pytest.mark.parametrize("name", ["home", "live", "compare", "draw"])
def test_an_empty_page_shows_a_way_on(name: str, empty: Results, open_page: Open) -> None:
    app = open_page(name)
    assert app.button or app.get("page_link")


def test_every_page_has_its_place_in_the_navigation() -> None:
    assert {entry.file for entries in CONTENTS.values() for entry in entries} == set(PAGES.values())


def test_every_deep_link_is_told_where_its_server_is() -> None:
    """Untold, a browser asks below the page's own address first and writes two errors into its console."""
    client = TestClient(Starlette(routes=deep_links()))
    assert {*ADDRESSES, "home"} == set(PAGES)
    for address in ADDRESSES:
        assert "BACKEND_BASE_URL" in client.get(f"/{address}").text, address
