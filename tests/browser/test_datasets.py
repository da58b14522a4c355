"""Datasets in a real browser: how many rows of a subset repeat, and a zip of one's own class folders."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, Server, settle, visit, wait_for_points
from tests.data.images import class_files, image, write_folder, write_zip


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


def name_own(page: Page, server: Server, place: Path) -> None:
    """Choose images of one's own, and say where they lie."""
    visit(page, f"{server.url}/datasets", "Datasets")
    page.locator(".st-key-dataset input").last.click()
    page.get_by_role("option", name="Custom dataset", exact=True).click()
    settle(page)
    box = page.locator(".st-key-dataset-folder input").last
    box.fill(str(place))
    box.press("Enter")


def test_a_zip_of_ones_own_is_looked_into(page: Page, server: Server, tmp_path: Path) -> None:
    name_own(page, server, write_zip(tmp_path / "own.zip", class_files(split=False)))
    expect(page.get_by_text("of 2 classes").last).to_be_visible(timeout=PATIENCE)
    page.locator(".st-key-inside-folder label").last.click()
    expect(page.locator(".samples figure")).to_have_count(2, timeout=PATIENCE)
    expect(page.locator(".samples figcaption").first).to_have_text("bright")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Three splits of two classes with long names, an image that is broken, a file that is none, and one beside."""
    classes = ("a_cat_with_a_name_that_is_longer_than_a_phone_is_wide", "dog")
    files = {
        f"{split}/{of}/{number}.png": image(40 * number, 9)
        for split in ("train", "val", "test")
        for of in classes
        for number in range(4)
    }
    return write_folder(
        tmp_path / "pets",
        files
        | {f"{split}/dog/broken.png": b"no image" for split in ("train", "test")}
        | {"train/notes.txt": b"", "loose.png": image(1)},
    )


def test_what_was_found_is_told_on_every_screen(page: Page, server: Server, pets: Path) -> None:
    """Splits, classes, counts, what was passed over and why; at 390 and 1440 px, light and dark."""
    name_own(page, server, pets)
    messages = page.locator(".st-key-found-in-folders").last
    expect(messages).to_be_visible(timeout=PATIENCE)
    settle(page)
    page.locator(".st-key-inside-folder label").last.click()
    expect(page.locator(".st-key-broken-images").last).to_be_visible(timeout=PATIENCE)
    settle(page)
    for width in (390, 1440):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(300)
            for sentence in (
                "9 images to train on and 9 to test on",  # of each of which one is broken
                "Trained on is train/, tested on test/.",
                "validation split val/ (8 images)",
                "a_cat_with_a_name_that_is_longer_than_a_phone_is_wide 4 + 4, dog 5 + 5",
                "1 file (no image by its ending: train/notes.txt)",
                "1 file (outside train/ and test/ and val/: loose.png)",
            ):
                expect(messages).to_contain_text(sentence)
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            for line in messages.locator('[data-testid="stText"]').all():
                frame = line.bounding_box()
                assert frame is not None
                assert frame["x"] >= 0
                assert frame["x"] + frame["width"] <= width
                assert line.evaluate("one => one.scrollWidth <= one.clientWidth + 1"), "it is wrapped, not cut"
            letters, ground = messages.evaluate(
                """one => [getComputedStyle(one.querySelector('[data-testid=stText]')).color,
                           getComputedStyle(document.querySelector('.stApp')).backgroundColor]"""
            )
            assert contrast(letters, ground) >= 4.5, (scheme, letters, ground)


def contrast(item: str, other: str) -> float:
    """The ratio of two colors' luminances, as WCAG 2 defines it."""

    def luminance(color: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(item), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
