"""A person asks for a search by keyboard, on a phone, and gives it up; nothing is wider than the screen in any view."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.driver import PATIENCE, served, settle, visit
from tests.runs.processes import end_all
from tests.search.searched import finished, searched
from vitcore.runs.folder import Results
from vitcore.search.plan import keep, load, searches
from vitcore.search.wishes import end

KEY = "20260101-000000-abcd"


@pytest.mark.timeout(600)
def test_asked_by_keyboard_at_390_px_and_looked_at_in_every_view(browser: Browser, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    errors = {(arm, number): 20.0 + number + 9 * arm for number in range(8) for arm in (0, 1)}
    search = searched(*((arm, number, 1e-4 * (1 + number)) for arm, number in errors), trials=8)
    finished(results, search, errors)
    end(results, keep(results, replace(search, key=KEY)), "complete", "It has been said. " * 9)
    with served(results.root) as server:
        context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        visit(page, f"{server.url}/search?search={KEY}", "Search")
        for view in ("Trials", "Coordinates", "Importance", "Table", "Expected best"):
            page.locator(f".st-key-view-{KEY}").get_by_text(view, exact=True).click()
            settle(page)
            main = page.get_by_test_id("stMain")
            assert main.evaluate("one => one.scrollWidth <= one.clientWidth"), view
        chooser = page.locator(".st-key-search-arms input").last
        chooser.focus()
        page.keyboard.type("architecture=cnn dataset=digits samples=64")
        page.keyboard.press("Enter")
        settle(page)
        page.keyboard.press("Escape")
        trials = page.locator(".st-key-search-trials input").last
        trials.fill("2")
        trials.press("Enter")
        settle(page)
        button = page.get_by_role("button", name="Search", exact=True)
        expect(button).to_be_enabled()
        button.focus()
        page.keyboard.press("Enter")
        stop = page.get_by_role("button", name="Stop", exact=True)
        expect(stop).to_be_visible()
        assert main.evaluate("one => one.scrollWidth <= one.clientWidth")
        (asked,) = (each for each in searches(results) if each.key != KEY)
        stop.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Go on", exact=True)).to_be_visible()
        assert load(results, asked.key).ended == "stopped"
        context.close()
    end_all(results)
