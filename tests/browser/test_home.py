"""Home in a real browser: the tour is gone through once, leads where it says, and does not come back."""

from playwright.sync_api import Page, expect

from pages.home.tour import STEPS
from tests.browser.driver import PATIENCE, Server, settle, visit


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
