"""Home in a real browser: the tour is gone through once, leads where it says, and does not come back."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pages.home.tour import STEPS
from tests.browser.driver import PATIENCE, Server, served, settle, visit
from tests.pages.texts import tell
from vitcore.runs import trash
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def press(page: Page, name: str) -> None:
    page.locator(f".st-key-tour-{name} button:visible").last.click()


def test_the_tour_is_gone_through_once(page: Page, server: Server) -> None:
    visit(page, server.url)
    for place in range(1, len(STEPS)):
        press(page, "next")
        expect(page.get_by_text(f"{place + 1} of {len(STEPS)}").last).to_be_visible(timeout=PATIENCE)
        settle(page)
    press(page, "open")
    expect(page.get_by_role("heading", level=1)).to_have_text(STEPS[-1][1], timeout=PATIENCE)

    visit(page, server.url)
    expect(page.locator(".st-key-tour").last).to_be_visible()  # it was left, not closed
    press(page, "close")
    expect(page.locator(".st-key-tour")).to_have_count(0, timeout=PATIENCE)
    visit(page, server.url)
    expect(page.locator(".st-key-train-first").last).to_be_visible()
    expect(page.locator(".st-key-tour")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_trash_is_emptied_by_keyboard(page: Page, tmp_path: Path, width: int) -> None:
    """Tab by Tab to the button, Enter, Tab to the second one, Enter."""
    results = Results(tmp_path / "results")
    first, second = (tell(results, RunSpec.of(architecture="cnn", name=name, epochs=1)).id for name in "ab")
    trash.delete(results, first)
    page.set_viewport_size({"width": width, "height": 900})
    with served(results.root) as server:
        visit(page, server.url)
        page.locator(".st-key-open-questions, .st-key-new").last.click(position={"x": 2, "y": 2})
        reach(page, "Empty the trash")
        page.keyboard.press("Enter")
        page.locator(".st-key-empty-trash-now button").wait_for()
        assert results.trashed() == [first], "it asks first"
        reach(page, "Delete 1 run for good")
        page.keyboard.press("Enter")
        expect(page.get_by_text("There is nothing to delete")).to_be_visible()
    assert results.trashed() == []
    assert results.ids() == [second]


def reach(page: Page, text: str) -> None:
    """Press Tab until what has the focus says so, and hold that it is seen to have it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if text in (page.evaluate("document.activeElement.innerText") or ""):
            assert page.evaluate("getComputedStyle(document.activeElement).boxShadow") != "none"
            return
    raise AssertionError(f"Tab does not come to {text!r}")
