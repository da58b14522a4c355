"""Compare's views in a real browser: an address that opens the same elsewhere, a view kept under a name, two runs."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from pages.compare import saved_views
from tests.browser.driver import PATIENCE, choose, points, served, settle, visit, wait_for_points
from tests.pages.texts import tell
from tests.runs.processes import wait_until
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def stock(folder: Path) -> Results:
    results = Results(folder)
    for kernel, seed, error in (("softmax", 0, 4.0), ("relu", 0, 6.0), ("relu", 1, 7.0)):
        tell(results, RunSpec.of(kernel=kernel, seed=seed, epochs=3), error=error)
    return results


def asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def search(page: Page, text: str) -> None:
    box = page.locator(".st-key-compare-search input").last
    box.fill(text)
    box.press("Enter")
    page.wait_for_url(re.compile(f"search={text}"), timeout=PATIENCE)
    settle(page)


def choose_chart(page: Page, name: str) -> None:
    choose(page, name)
    settle(page)


def test_an_address_opens_the_same_elsewhere_and_a_view_is_kept(page: Page, tmp_path: Path) -> None:
    results = stock(tmp_path / "results")
    with served(results.root) as server:
        visit(page, f"{server.url}/compare", "Compare")
        wait_for_points(page, "compare-curves", 8)
        assert asked(page) == {}
        search(page, "relu")
        page.get_by_role("button", name="Axes").last.click()
        page.locator(".st-key-compare-log label").last.click()
        page.wait_for_url(re.compile("log=1"), timeout=PATIENCE)
        page.keyboard.press("Escape")
        settle(page)
        assert asked(page)["search"] == "relu"

        other = page.context.new_page()
        visit(other, page.url, "Compare")
        wait_for_points(other, "compare-curves", 5)
        assert points(other, "compare-curves") == points(page, "compare-curves") == 6, "two runs fit, of three epochs"
        expect(other.locator(".st-key-compare-search input").last).to_have_value("relu")
        other.get_by_role("button", name="Axes").last.click()
        expect(other.locator(".st-key-compare-log input").last).to_be_checked()
        other.keyboard.press("Escape")
        expect(other.get_by_text("2 of 3 runs").last).to_be_visible()
        assert asked(other) == asked(page)
        other.close()

        page.locator(".st-key-views button:visible").last.click()
        page.locator(".st-key-saved-name input").last.fill("Linear ones")
        page.locator(".st-key-saved-name input").last.press("Enter")
        settle(page)
        page.locator(".st-key-view-save button:visible").last.click()
        settle(page)
        wait_until(lambda: saved_views.listed(results)[0], "the view is kept")
        [stored], _ = saved_views.listed(results)
        assert (stored.name, stored.view.search, stored.view.log) == ("Linear ones", "relu", True)

        visit(page, f"{server.url}/compare", "Compare")
        expect(page.get_by_text("3 of 3 runs").last).to_be_visible()
        page.locator(".st-key-views button:visible").last.click()
        page.locator(".st-key-saved-view input").last.click()
        page.get_by_role("option", name="Linear ones").click()
        page.wait_for_url(re.compile("search=relu"), timeout=PATIENCE)
        settle(page)
        expect(page.get_by_text("2 of 3 runs").last).to_be_visible()
        page.locator(".st-key-view-going button:visible").last.click()
        settle(page)
        assert len(saved_views.listed(results)[0]) == 1  # not before it is said twice
        page.locator(".st-key-view-delete button:visible").last.click()
        settle(page)
        assert saved_views.listed(results) == ([], [])


def test_the_way_back_leads_to_the_view_before(page: Page, tmp_path: Path) -> None:
    results = stock(tmp_path / "results")
    with served(results.root) as server:
        visit(page, f"{server.url}/compare", "Compare")
        search(page, "relu")
        search(page, "softmax")
        page.go_back()
        expect(page.locator(".st-key-compare-search input").last).to_have_value("relu", timeout=PATIENCE)
        expect(page.get_by_text("2 of 3 runs").last).to_be_visible()
        settle(page)
        page.go_back()
        expect(page.locator(".st-key-compare-search input").last).to_have_value("", timeout=PATIENCE)
        expect(page.get_by_text("3 of 3 runs").last).to_be_visible()


def test_two_runs_are_set_side_by_side(page: Page, tmp_path: Path) -> None:
    results = stock(tmp_path / "results")
    with served(results.root) as server:
        visit(page, f"{server.url}/compare?search=relu", "Compare")
        choose_chart(page, "Two runs")
        for key in ("difference-a", "difference-b", "difference-ab"):
            wait_for_points(page, key, 0)
        settle(page)
        asked_now = asked(page)
        assert {asked_now["a"], asked_now["b"]} <= set(results.ids())
        table = page.locator(".st-key-difference-options [data-testid='stDataFrame']").last
        table.scroll_into_view_if_needed()
        table.locator("td", has_text="Seed").first.wait_for(state="attached")
        expect(page.get_by_text("python -m vitcore train").first).to_be_visible()

        choose_chart(page, "Parallel coordinates")
        wait_for_points(page, "compare-parallel", 0)
        settle(page)
        assert asked(page)["chart"] == "parallel"
        assert "a" not in asked(page)
