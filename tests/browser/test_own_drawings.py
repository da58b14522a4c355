"""A digit is drawn, looked through, kept under its label, asked about on Compare and deleted again."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, served, settle, unfold, visit
from tests.browser.shapes import draw
from tests.pages.texts import give_weights, tell
from vitcore.runs import drawings
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def test_a_drawing_becomes_part_of_ones_own_test_set(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    give_weights(tell(results, RunSpec.of(architecture="cct-mini/3x3", epochs=1)))
    with served(results.root) as server:
        visit(page, f"{server.url}/draw", "Draw")
        draw(page, "3")
        page.locator(".st-key-answer-0").last.wait_for()
        page.locator(".st-key-looks-0 label").last.click()
        expect(page.locator('img[alt$="bright where it attends"]')).to_have_count(2, timeout=PATIENCE)

        save = page.locator(".st-key-save-drawing button").last
        expect(save).to_be_disabled(timeout=PATIENCE)
        page.locator(".st-key-label-digits input").last.fill("3")
        page.keyboard.press("Enter")
        expect(save).to_be_enabled(timeout=PATIENCE)
        save.click()
        expect(page.get_by_text("My drawings (1)")).to_be_visible(timeout=PATIENCE)
        dressed = "getComputedStyle(document.querySelector('[class*=st-key-answer-] h2')).fontSize"
        assert page.evaluate(dressed) == "52px"  # the toast has left the style sheet alone
        [stored] = drawings.stored(results, "digits")
        assert stored.label == "3"
        assert stored.path.read_bytes().startswith(b"\x89PNG")

        visit(page, f"{server.url}/compare", "Compare")
        page.locator('[data-testid="stDataFrame"] td', has_text="not asked").first.wait_for(state="attached")
        page.locator(".st-key-ask-drawings button:visible").last.click()
        page.locator('[data-testid="stDataFrame"] td', has_text="of 1").first.wait_for(state="attached")
        settle(page)

        visit(page, f"{server.url}/draw", "Draw")
        unfold(page, "kept-digits")
        page.locator(f".st-key-drop-{stored.id} button:visible").last.click()
        expect(page.get_by_text("My drawings (1)")).to_have_count(0, timeout=PATIENCE)
    assert drawings.stored(results, "digits") == []
