"""Compare's tables in a real browser: nothing lies over what can be pressed, any column sorts, any axis is drawn."""

import re
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, served, settle, visit, wait_for_points
from tests.pages.texts import tell
from vitcore.runs import annotations
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

TABLE = '[class*="st-key-compare-table"]'


def stock(folder: Path) -> Results:
    results = Results(folder)
    for seed, error in ((0, 4.0), (1, 7.0), (2, 6.0)):
        run = tell(results, RunSpec.of(seed=seed, epochs=3, learning_rate=10.0**-seed / 10), error=error)
        if seed:
            annotations.write(run, tags=["paper"])
    endless = tell(results, RunSpec.of(seed=3, epochs=3), epochs=2, status="diverged")
    text = endless.events.read_text(encoding="utf-8")
    endless.events.write_text(text.replace('"test_loss":1.0', '"test_loss":Infinity'), encoding="utf-8")
    assert "Infinity" in endless.events.read_text(encoding="utf-8")
    return results


def asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def press_head(page: Page, name: str) -> None:
    """Press the middle of a column's head, which is drawn on a canvas; its width stands in the table beside it."""
    table = page.locator(TABLE).last
    table.locator("th", has_text=name).first.wait_for(state="attached")
    table.locator("canvas").first.wait_for()
    page.mouse.move(0, 0)  # a grid that has just come knows of the pointer when it moves in
    page.wait_for_timeout(1000)
    box = table.bounding_box()
    assert box
    heads = table.locator("th").all_text_contents()
    at = next(place for place, text in enumerate(heads) if text.startswith(name))
    assert at == 1, heads  # after the boxes and the name of 270 px
    page.mouse.click(box["x"] + 33 + 270 + 30, box["y"] + 18)


@pytest.mark.parametrize("groups", ["", "1"])
def test_nothing_of_a_table_lies_over_filters_and_views(groups: str, page: Page, tmp_path: Path) -> None:
    results = stock(tmp_path / "results")
    page.set_viewport_size({"width": 1440, "height": 1000})
    with served(results.root) as server:
        visit(page, f"{server.url}/compare?{'grouped=1' if groups else ''}", "Compare")
        table = page.locator(".st-key-compare-groups" if groups else TABLE).last
        table.locator("canvas").first.wait_for(timeout=PATIENCE)
        for key, inside in (("views", "saved-name"), ("more-filters", "compare-filters")):
            button = page.locator(f".st-key-{key} button:visible").last
            place, box = button.bounding_box(), table.bounding_box()
            assert place
            assert box
            page.mouse.move(box["x"] + box["width"] - 60, box["y"] + box["height"] / 2)
            page.wait_for_timeout(700)  # until the table's tools have come
            page.mouse.move(place["x"] + place["width"] / 2, box["y"] + 2, steps=5)
            page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] - 3)
            page.locator(f".st-key-{inside}").last.wait_for(timeout=PATIENCE)
            page.keyboard.press("Escape")
            settle(page)


def test_a_press_on_a_head_sorts_the_page_the_address_and_the_csv(page: Page, tmp_path: Path) -> None:
    results = stock(tmp_path / "results")
    page.set_viewport_size({"width": 1440, "height": 1000})
    with served(results.root) as server:
        visit(page, f"{server.url}/compare?hidden=status,learning_rate,seed", "Compare")
        for down in (False, True):
            press_head(page, "Test error")
            expect(page).to_have_url(re.compile("descending=1" if down else "sort=error_percent"), timeout=PATIENCE)
            settle(page)
        with page.expect_download() as download:
            page.locator(".st-key-download-csv button:visible").last.click()
        errors = list(pd.read_csv(StringIO(Path(download.value.path()).read_text(encoding="utf-8")))["error_percent"])
        assert errors == [7.0, 6.0, 6.0, 4.0]


def test_tags_sort_and_an_infinite_loss_is_an_axis(page: Page, tmp_path: Path) -> None:
    results = stock(tmp_path / "results")
    with served(results.root) as server:
        visit(page, f"{server.url}/compare?columns=tags&sort=tags", "Compare")
        wait_for_points(page, "compare-curves", 8)
        expect(page.get_by_text("4 of 4 runs").last).to_be_visible()
        visit(page, f"{server.url}/compare?chart=parallel&axes=seed,learning_rate,test_loss", "Compare")
        wait_for_points(page, "compare-parallel", 0)
        expect(page.locator(".vitcore-chart[data-key=compare-parallel] text", has_text="∞").first).to_be_attached()
        box = page.locator(".st-key-compare-search input").last
        box.fill("no such run")
        box.press("Enter")
        page.wait_for_url(re.compile("search=no"), timeout=PATIENCE)
        settle(page)
        expect(page.get_by_text("No stored run fits the search and the filters.").last).to_be_visible()
        expect(page.locator(".vitcore-chart")).to_have_count(0)
        assert asked(page)["axes"] == "seed,learning_rate,test_loss"


def test_the_menu_of_a_head_offers_no_sorting_of_its_own(page: Page, tmp_path: Path) -> None:
    """What the browser would sort by itself neither the address nor the CSV would know of."""
    results = stock(tmp_path / "results")
    page.set_viewport_size({"width": 1440, "height": 1000})
    with served(results.root) as server:
        visit(page, f"{server.url}/compare", "Compare")
        table = page.locator(TABLE).last
        table.locator("canvas").first.wait_for()
        page.mouse.move(0, 0)
        page.wait_for_timeout(1000)
        box = table.bounding_box()
        assert box
        corner = (box["x"] + 33 + 270 - 14, box["y"] + 18)  # the first head's right end, where its menu opens
        page.mouse.move(*corner, steps=4)
        page.wait_for_timeout(500)
        page.mouse.click(*corner)
        menu = page.get_by_test_id("stDataFrameColumnMenu")
        expect(menu.get_by_role("menuitem", name="Autosize")).to_be_visible()
        expect(menu.get_by_role("menuitem").filter(has_text="Sort")).to_have_count(0)
