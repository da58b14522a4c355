"""A cell of the confusion matrix is clicked in a real browser; and a button stays where a hand reaches for it."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, served, settle, visit
from tests.pages.remembering import remembering
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

WATCH = """id => {
    const seen = (window.places = new Set())
    new MutationObserver(() => {
        for (const button of document.querySelectorAll(`.st-key-resume-${id} button`)) {
            const box = button.getBoundingClientRect()
            if (box.width) seen.add(Math.round(box.x))
        }
    }).observe(document.body, { childList: true, subtree: true, attributes: true })
}"""


def click_cell(page: Page, key: str, row: int, column: int) -> None:
    """The middle of a cell of a ten by ten matrix."""
    area = page.locator(f".st-key-{key} .vitcore-chart .nsewdrag").last
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + (column + 0.5) * box["width"] / 10, box["y"] + (row + 0.5) * box["height"] / 10)


def test_a_click_on_a_cell_shows_the_images_behind_it(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    remembering(results)
    with served(results.root) as server:
        visit(page, f"{server.url}/live", "Live")
        click_cell(page, "confusion", 4, 9)
        expect(page.locator(".behind figure")).to_have_count(1, timeout=PATIENCE)
        expect(page.locator(".behind figcaption")).to_have_text("never right", timeout=PATIENCE)
        assert page.locator(".behind img").evaluate("image => image.naturalWidth") == 28
        click_cell(page, "confusion", 4, 4)
        expect(page.locator(".behind figure")).to_have_count(24, timeout=PATIENCE)
        expect(page.get_by_text("right at epochs 2 to 3").first).to_be_visible(timeout=PATIENCE)

        visit(page, f"{server.url}/compare", "Compare")
        page.locator(".st-key-details-matrix label").last.click()
        page.locator(".st-key-details-confusion .nsewdrag").last.wait_for()
        settle(page)
        click_cell(page, "details-confusion", 4, 9)
        expect(page.locator(".behind figcaption")).to_have_text("never right", timeout=PATIENCE)


def test_resume_stands_still_and_is_heard_as_soon_as_it_is_there(page: Page, tmp_path: Path) -> None:
    """It once slid sideways when the button beside it went, from under the pointer: the click was lost."""
    results = Results(tmp_path / "results")
    with served(results.root) as server:
        run = queue.enqueue(results, RunSpec.of(architecture="cnn", samples=300, epochs=10_000, name="long"))
        visit(page, f"{server.url}/live?runs={run}", "Live")
        pause = page.locator(f".st-key-pause-{run} button:visible").last
        resume = page.locator(f".st-key-resume-{run} button:visible").last
        for _ in range(2):  # at once, in the middle of the script's run that brings the button
            pause.click()
            resume.wait_for()
            resume.click()
            expect(pause).to_be_visible(timeout=PATIENCE)
        page.evaluate(WATCH, run)
        pause.click()
        resume.wait_for()
        settle(page)
        assert len(page.evaluate("[...window.places]")) == 1
