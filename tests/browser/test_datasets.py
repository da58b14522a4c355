"""Datasets in a real browser: how many rows of a subset repeat, and a zip of one's own class folders."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, Server, settle, visit, wait_for_points
from tests.data.images import class_files, write_zip


def repeats(page: Page) -> list[int]:
    """How many draws repeat a row: without replacement, and with."""
    shown = page.get_by_test_id("stMetric").filter(has_text="Repeats").get_by_test_id("stMetricValue")
    return [int(text.replace(",", "")) for text in shown.all_inner_texts()]


def test_a_subset_with_and_without_replacement_stand_side_by_side(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/datasets", "Datasets")
    wait_for_points(page, "subset-balance", 19)  # ten classes of each
    rows = page.locator(".st-key-subset-rows-digits input").last
    rows.fill("1400")
    rows.press("Enter")
    settle(page)
    without, with_ = repeats(page)
    assert without == 0
    assert with_ > 300
    expect(page.locator(".samples img").first).to_be_visible()


def test_a_zip_of_ones_own_is_looked_into(page: Page, server: Server, tmp_path: Path) -> None:
    visit(page, f"{server.url}/datasets", "Datasets")
    page.locator(".st-key-dataset input").last.click()
    page.get_by_role("option", name="My own pictures", exact=True).click()
    settle(page)
    box = page.locator(".st-key-dataset-folder input").last
    box.fill(str(write_zip(tmp_path / "own.zip", class_files(split=False))))
    box.press("Enter")
    expect(page.get_by_text("of 2 classes").last).to_be_visible(timeout=PATIENCE)
    page.locator(".st-key-inside-folder label").last.click()
    expect(page.locator(".samples figure")).to_have_count(2, timeout=PATIENCE)
    expect(page.locator(".samples figcaption").first).to_have_text("bright")
