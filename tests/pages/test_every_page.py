"""Every page comes up, with nothing stored and with runs, and says so in words."""

import pytest

from tests.pages.opening import PAGES, ROOT, Open
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
    source = (ROOT / "pages" / "navigation.py").read_text(encoding="utf-8")
    assert [file for file in PAGES.values() if f'"{file}"' not in source] == []
