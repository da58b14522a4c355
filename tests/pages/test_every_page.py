"""Every page comes up, with nothing stored and with runs, and says so in words."""

import pytest
from conftest import Open

from vitcore.runs.folder import Results

TITLES = {
    "home": "Vision transformers, side by side",
    "train": "Train",
    "live": "Live",
    "compare": "Compare",
    "draw": "Draw",
}
ROOT_FILES = {"navigation", "__init__"}


def test_no_page_is_left_out(empty: Results) -> None:
    from conftest import ROOT

    assert {path.stem for path in (ROOT / "pages").glob("*.py")} - ROOT_FILES == set(TITLES)


@pytest.mark.parametrize("name", TITLES)
def test_page_with_nothing_stored(name: str, empty: Results, open_page: Open) -> None:
    app = open_page(name)
    assert [title.value for title in app.title] == [TITLES[name]]
    assert app.button or app.get("page_link"), "an empty page shows a way on"


@pytest.mark.parametrize("name", TITLES)
def test_page_with_runs(name: str, stocked: Results, open_page: Open) -> None:
    app = open_page(name)
    assert [title.value for title in app.title] == [TITLES[name]]
    assert not app.error
