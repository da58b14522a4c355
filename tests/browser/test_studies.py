"""A study is made on the page, opened offline, and made again from its bundle with the same figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from tests.browser.driver import PATIENCE, served, settle, visit
from tests.pages.texts import tell
from vitcore.runs import trash
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

FOREIGN = 'a <b>bold</b> word ![p](http://elsewhere.invalid/p.png) <img src="http://elsewhere.invalid/i.png">'


@pytest.fixture
def stored(tmp_path: Path) -> Results:
    """Two runs on digits that differ in their seed."""
    results = Results(tmp_path / "results")
    for seed in range(2):
        tell(results, RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=3, seed=seed), error=6.0 + seed)
    return results


def saved(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download(timeout=PATIENCE) as waiting:
        page.get_by_role("button", name=button, exact=True).click()
    download: Download = waiting.value
    download.save_as(folder / download.suggested_filename)
    return folder / download.suggested_filename


def test_made_opened_offline_and_made_again(browser: Browser, page: Page, stored: Results, tmp_path: Path) -> None:
    ids = stored.ids()
    with served(stored.root) as server:
        visit(page, f"{server.url}/studies?runs={','.join(ids)}", "Studies")
        expect(page.get_by_role("button", name="Make the study")).to_be_disabled()
        page.get_by_label("Title").fill("Two seeds")
        page.get_by_label("Title").press("Tab")
        page.get_by_label("Text", exact=True).fill(FOREIGN)
        page.get_by_label("Text", exact=True).press("Control+Enter")
        settle(page)
        tables = page.locator(".st-key-study-tables input").last
        tables.fill("Table 1: Baseline Performer")
        page.get_by_role("option").first.wait_for()
        tables.press("Enter")
        page.keyboard.press("Escape")
        settle(page)
        page.get_by_role("button", name="Make the study").click()
        settle(page)
        document, bundle = saved(page, "Save the document", tmp_path), saved(page, "Save the bundle", tmp_path)
        assert (document.name, bundle.name) == ("two-seeds.html", "two-seeds.zip")
        page.get_by_label("Title").fill("Another title")
        page.get_by_label("Title").press("Tab")
        settle(page)
        expect(page.get_by_text("Something else is chosen since it was made")).to_be_visible()
        expect(page.get_by_role("button", name="Save the document", exact=True)).to_have_count(0)
        for id in ids:
            trash.delete(stored, id)
        visit(page, f"{server.url}/studies", "Studies")
        page.locator(".st-key-study-upload input[type=file]").set_input_files(bundle)
        settle(page)
        page.get_by_role("button", name="Open it", exact=True).click()
        expect(page.get_by_text("figures are the same")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("2 of its 2 runs are new here.")).to_be_visible()
        again = saved(page, "Save its document", tmp_path / "again")
        expect(page.get_by_text("figures are the same")).to_be_visible()
        assert again.name == "two-seeds.html"
        assert stored.ids() == ids
    opened_offline(browser, document)


def opened_offline(browser: Browser, document: Path) -> None:
    """Charts zoom, tables sort, and nobody is asked for anything."""
    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 900})
    page, asked, wrong = context.new_page(), list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(document.as_uri())
    page.wait_for_function("[...document.querySelectorAll('.chart')].every(chart => chart.querySelector('.main-svg'))")
    assert page.locator(".chart").count() >= 5
    chart = page.locator(".chart").first
    chart.scroll_into_view_if_needed()
    before = chart.evaluate("chart => chart.layout.xaxis.range.slice()")
    area = chart.locator(".nsewdrag").first.bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + 0.3 * area["width"], area["y"] + 0.3 * area["height"])
    page.mouse.down()
    page.mouse.move(area["x"] + 0.7 * area["width"], area["y"] + 0.7 * area["height"], steps=5)
    page.mouse.up()
    page.wait_for_function("before => document.querySelector('.chart').layout.xaxis.range[0] > before", arg=before[0])
    seeds = page.locator("table").first.locator("tbody tr td:nth-child(1)")
    head = page.locator("table").first.get_by_role("button", name="Run")
    head.focus()
    page.keyboard.press("Enter")
    expect(seeds).to_have_text(["seed 0", "seed 1"])
    page.keyboard.press("Enter")
    expect(seeds).to_have_text(["seed 1", "seed 0"])
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width, timeout=PATIENCE)
    context.close()
    assert asked == [document.as_uri()]
    assert wrong == []
