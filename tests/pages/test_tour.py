"""The tour on Home: four steps, closed once and for all, and never in the way."""

from pathlib import Path

import pytest

from pages.home.tour import STEPS
from tests.pages.opening import PAGES, Open
from vitcore.runs.folder import Results


def test_it_has_at_most_four_steps_to_pages_that_are(empty: Results, open_page: Open) -> None:
    assert 1 < len(STEPS) <= 4
    assert {page for page, _, _ in STEPS} <= set(PAGES.values())
    app = open_page("home")
    for place in range(len(STEPS)):
        assert any(f"{place + 1} of {len(STEPS)}" in caption.value for caption in app.caption)
        assert any(STEPS[place][2] in text.value for text in app.markdown)
        if place + 1 < len(STEPS):
            app.button(key="tour-next").click().run()
    app.button(key="tour-back").click().run()
    assert any(STEPS[-2][2] in text.value for text in app.markdown)
    assert app.button(key="train-first")  # the page's own ways stand beside it


def test_closed_it_does_not_come_back(stocked: Results, open_page: Open) -> None:
    app = open_page("home")
    app.button(key="tour-close").click().run()
    assert not app.exception
    assert "tour-close" not in [button.key for button in app.button]
    assert "tour-close" not in [
        button.key for button in open_page("home").button
    ]  # another session, as after a restart


def test_a_folder_that_is_only_read_closes_it_for_the_session(
    stocked: Results, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, content: object) -> None:
        raise PermissionError(13, "Permission denied")

    app = open_page("home")
    monkeypatch.setattr("pages.home.tour.write_json", refuse)
    app.button(key="tour-close").click().run()
    assert not app.exception
    assert "tour-close" not in [button.key for button in app.button]
